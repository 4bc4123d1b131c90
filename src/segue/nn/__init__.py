"""Network parts that models share."""
