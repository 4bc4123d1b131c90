"""Video segmentation that uses time."""
