"""Keeping up: with a pace that was asked for, or with a live source."""
