"""The results of a video: a store written frame by frame in any order, and what is made of it."""
