"""Pixels to arrays and back: videos, image folders, mask files, resizing, overlays, encoding."""
