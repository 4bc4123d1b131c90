"""Folders on disk to typed samples."""
