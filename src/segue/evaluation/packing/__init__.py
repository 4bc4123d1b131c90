"""Predictions as the archives that evaluation servers want, and everything wrong with them before the upload."""
