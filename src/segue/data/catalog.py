"""The table of dataset layouts: name -> function that lists the sequences of ``(root, split)``."""

from segue.data.sample import VideoSequence

LAYOUTS: dict[str, str] = {
    "davis2016": "segue.data.davis:davis_sequences",
}

__all__ = ["LAYOUTS", "VideoSequence"]
