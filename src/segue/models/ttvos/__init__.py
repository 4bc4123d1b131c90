"""TTVOS: a template of channel statistics per object instead of a target model that is fitted online."""
