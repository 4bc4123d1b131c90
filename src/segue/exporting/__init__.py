"""Models as folders of graphs: written, and loaded again."""
