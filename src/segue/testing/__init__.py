"""Tests that every model of the table has to pass, ours and those of other packages."""
