"""RVOS: masks of objects decoded by a network that is recurrent in space and in time."""
