"""A made-up world with exact truth, written in the layout of any dataset."""
