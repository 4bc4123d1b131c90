"""One folder per system, and the table of them."""
