"""What this computer has, and what would run where on it."""
