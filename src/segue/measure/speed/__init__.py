"""Where the time of tracking goes, measured on any computer."""
