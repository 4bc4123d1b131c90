"""``review.csv``: the frames to check, the neediest first, each with its reasons."""

import csv
from pathlib import Path

from segue.files import replacing
from segue.results.results import Results, Written
from segue.results.review import frames_to_check

_COLUMNS = ("need", "frame", "name", "time", "objects", "reasons")


class ReviewCsv:
    """A row per frame; only the heading where nothing is doubtful."""

    def write(self, results: Results, out: Path) -> Written:
        """See ``Document``; notes how many frames there are to check."""
        target = out / "review.csv"
        checks = frames_to_check(results)
        with (
            replacing(target) as temporary,
            temporary.open("w", encoding="utf-8", newline="") as file,
        ):
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(_COLUMNS)
            for check in checks:
                frame = check.record
                place = (frame.index, frame.name, f"{float(frame.time):.6f}")
                objects = " ".join(map(str, check.objects))
                rows.writerow((f"{check.need:.2f}", *place, objects, "; ".join(check.reasons)))
        return Written((target,), {"to_check": len(checks)})


REVIEW_CSV = ReviewCsv()
