"""segue-lite: the default tracker, made for CPUs."""
