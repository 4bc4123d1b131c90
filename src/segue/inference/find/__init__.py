"""Objects of a video of which no mask is given: looked for on a few frames, linked, and ranked."""
