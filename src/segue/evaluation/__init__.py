"""Named protocols, running them, and reports."""
