"""A new format, as it looks before it is committed: pixels of the labels on each frame, as text."""

from pathlib import Path

from segue.files import replacing
from segue.results.results import Results, Written


class Counts:
    """A line per frame."""

    def write(self, results: Results, out: Path) -> Written:
        """See ``Document``."""
        target = out / "counts.txt"
        with replacing(target) as temporary:
            lines = [
                f"{record.name} {(results.labels(record) > 0).sum()}\n"
                for record in results.records
            ]
            temporary.write_text("".join(lines), encoding="utf-8")
        return Written((target,))


COUNTS = Counts()
