"""How fast this machine computes, and how exactly its backends do."""
