"""The table of dataset layouts: name -> function that lists the sequences of ``(root, split)``.

To add one: a file in this folder, a line here, and a writer of a tiny fake tree in ``tests/fakes``.
"""

from segue.data.sample import VideoSequence

LAYOUTS: dict[str, str] = {
    "davis2016": "segue.data.davis:davis_sequences",
}

__all__ = ["LAYOUTS", "VideoSequence"]
