"""Arrays to counts to numbers."""
