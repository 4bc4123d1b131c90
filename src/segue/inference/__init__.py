"""From frames and masks to results.

``runner`` shows frames to a model, in either direction. ``session`` says what is to be computed and keeps what was:
changes, memories at key frames, passes. ``job`` is a session with one run, with its documents and ``run.json``;
``tasks`` are what a job makes of a video. ``pace`` keeps up with a pace or a live source. ``pipeline`` decodes and
writes beside the network.
"""
