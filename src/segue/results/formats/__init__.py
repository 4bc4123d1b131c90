"""Documents about a whole video, one file each: every one is a function of the store."""
