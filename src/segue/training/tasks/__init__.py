"""What can be trained: one file per model, each with its settings and ``build(settings) -> Task``."""
