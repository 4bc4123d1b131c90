"""Pixels to arrays and back: videos, masks, overlays."""
