"""Weights of a model made better for one video, by a few masks of it."""
