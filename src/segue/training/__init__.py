"""The training loop, checkpoints and journal."""
