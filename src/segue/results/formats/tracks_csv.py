"""``tracks.csv``: a row per frame and object, for spreadsheets and data frames."""

import csv
from collections.abc import Sequence
from pathlib import Path

from segue.files import replacing
from segue.results.records import FrameRecord, ObjectRecord
from segue.results.results import Results, Written

_COLUMNS = (
    *("frame", "name", "time", "object", "category", "area"),
    *("left", "top", "right", "bottom", "centre_x", "centre_y"),
    *("confidence", "absent", "gate", "reused", "origin", "edit"),
)


class TracksCsv:
    """Pixels and seconds; cells are empty where there is nothing to say, such as the box of an absent object."""

    def write(self, results: Results, out: Path) -> Written:
        """See ``Document``."""
        target = out / "tracks.csv"
        with (
            replacing(target) as temporary,
            temporary.open("w", encoding="utf-8", newline="") as file,
        ):
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(_COLUMNS)
            for record in results.records:
                for number, one in sorted(record.objects.items()):
                    rows.writerow(_row(results.classes, record, number, one))
        return Written((target,))


def _row(
    classes: Sequence[str] | None, record: FrameRecord, number: int, one: ObjectRecord
) -> tuple[object, ...]:
    named = classes[number] if classes is not None and number < len(classes) else None
    centre = one.centroid_xy or (None, None)
    return (
        *(record.index, record.name, f"{float(record.time):.6f}"),
        *(number, one.category or named, one.area, *(one.box_xyxy or (None,) * 4)),
        *(None if place is None else round(place, 2) for place in centre),
        *(round(one.confidence, 4), int(one.absent)),
        None if one.gate is None else round(one.gate, 4),
        None if one.reused is None else int(one.reused),
        *(record.origin, record.edit),
    )


TRACKS_CSV = TracksCsv()
