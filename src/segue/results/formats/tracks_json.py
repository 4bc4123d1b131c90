"""``tracks.json``: numbers about every object on every frame, for programs."""

import json
from pathlib import Path
from typing import Any

from segue.files import replacing
from segue.results.lost import lost_objects
from segue.results.records import FrameRecord, ObjectRecord
from segue.results.results import Results, Written
from segue.results.reuse import reuse_rates


class TracksJson:
    """One JSON document: a header about the video, then ``frames`` with one line each."""

    def write(self, results: Results, out: Path) -> Written:
        """See ``Document``; notes where objects were lost."""
        target = out / "tracks.json"
        opening = json.dumps(_header(results), indent=2).removesuffix("\n}")
        with replacing(target) as temporary, temporary.open("w", encoding="utf-8") as file:
            file.write(f'{opening},\n  "frames": [')
            for number, record in enumerate(results.records):
                file.write(f"{',' if number else ''}\n    {json.dumps(frame_values(record))}")
            file.write("\n  ]\n}\n")
        return Written((target,), {"lost": lost_objects(results.records)})


def frame_values(record: FrameRecord) -> dict[str, Any]:
    """What ``tracks.json`` says about one frame.

    Area in pixels; box ``x0 y0 x1 y1`` with the far side excluded; centroid ``x y`` with whole numbers at
    pixel centres; box and centroid are null for an object without pixels; time in seconds. With a reuse gate also
    what it said, null where it was not asked, and whether the object was carried over from the last computed frame.
    """
    return {
        "name": record.name,
        "index": record.index,
        "time": round(float(record.time), 6),
        "objects": {str(n): _object_values(one) for n, one in sorted(record.objects.items())},
    }


def _object_values(one: ObjectRecord) -> dict[str, Any]:
    centroid = one.centroid_xy
    values: dict[str, Any] = {
        "area": one.area,
        "box_xyxy": list(one.box_xyxy) if one.box_xyxy else None,
        "centroid_xy": [round(place, 2) for place in centroid] if centroid else None,
        "confidence": round(one.confidence, 4),
        "absent": one.absent,
    }
    if one.reused is not None:
        gate = None if one.gate is None else round(one.gate, 4)
        values |= {"gate": gate, "reused": one.reused}
    if one.category is not None:
        values["category"] = one.category
    return values


def _header(results: Results) -> dict[str, Any]:
    rate = results.frame_rate
    header = {
        "video": results.name,
        "size_hw": list(results.size_hw),
        "frame_rate": str(rate) if rate else None,
        "sources": {str(number): source for number, source in results.sources.items()},
    }
    return header if results.threshold is None else header | {"reuse": reuse_rates(results)}


TRACKS_JSON = TracksJson()
