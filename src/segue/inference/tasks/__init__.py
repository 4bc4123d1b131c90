"""What a job makes of a video: tracks of objects, or classes."""
