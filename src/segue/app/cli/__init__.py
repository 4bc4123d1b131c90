"""The command ``segue``, one file per verb."""
