"""The streaming runner, sinks that write results, and resume."""
