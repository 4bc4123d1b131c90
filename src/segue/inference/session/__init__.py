"""One video that is worked on: what the user changes, what that makes stale, and the passes that answer it."""
