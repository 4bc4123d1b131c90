"""From clicks to a mask (ours)."""
