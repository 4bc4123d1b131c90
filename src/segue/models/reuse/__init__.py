"""The reuse gate around any host model: a frame like the last computed one is carried over, not computed."""
