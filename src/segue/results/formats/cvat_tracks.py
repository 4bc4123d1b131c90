"""What a CVAT file holds, as the frames of one video."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import numpy as np

from segue.errors import FormatError
from segue.media.frames import index_name
from segue.media.polygons import drawn_polygon
from segue.results.reading import (
    FrameOnFile,
    known_size,
    numbered,
    odd_values_told,
    paint_masks,
    read_frames,
)
from segue.results.results import Results
from segue.types import BACKGROUND, VOID, Labels, Mask

_WITH_AREA = ("mask", "polygon", "box")
_HEAD = 65_536
_MOST_FRAMES = 10**7


@dataclass(frozen=True, slots=True)
class _Shape:
    """One shape on one frame."""

    frame: int
    key: int
    """What the file calls its object."""
    element: Element
    label: str
    place: str
    """What an error calls the shape."""

    @property
    def z_order(self) -> int:
        return int(self.element.get("z_order", "0"))


def read_tracks(path: Path, size_hw: tuple[int, int] | None = None) -> Results:
    """The results that a file of CVAT for video, or for images, holds.

    Raises:
        FormatError: As in ``Readable.read``.
    """
    root = _root(path)
    with odd_values_told(path):
        return _results(root, path, size_hw)


def _results(root: Element, path: Path, size_hw: tuple[int, int] | None) -> Results:
    size = known_size(size_hw, _size(root), path)
    shapes = sorted(_shapes(root, path), key=lambda shape: shape.z_order)
    classes = _classes(root)
    names = _frame_names(root, shapes)
    by_frame: dict[int, list[_Shape]] = {index: [] for index in names}
    for shape in shapes:
        by_frame.setdefault(shape.frame, []).append(shape)
    ids = _ids(shapes, classes, path)
    empty = BACKGROUND if classes is None else VOID
    labels = {ids[s.key]: s.label for s in shapes}
    rate = root.findtext("meta/segue/frame_rate")
    return read_frames(
        root.findtext("meta/task/name") or path.stem,
        size,
        [
            FrameOnFile(
                index, names.get(index, index_name(index)), partial(_draw, found, ids, size, empty)
            )
            for index, found in sorted(by_frame.items())
        ],
        frame_rate=Fraction(rate) if rate else None,
        sources={n: f"{label} {n}" for n, label in sorted(labels.items())} if not classes else {},
        categories={n: label for n, label in labels.items() if label != "object"},
        classes=classes,
    )


def _root(path: Path) -> Element:
    text = path.read_bytes() if path.is_file() else b""
    # Entities can make a small file fill the memory; CVAT writes none.
    if b"<!DOCTYPE" in text[:_HEAD] or b"<!ENTITY" in text:
        raise FormatError(f"{path} declares a document type, which files of CVAT do not.")
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        raise FormatError(f"{path} is not a whole XML file ({error}). Write it again.") from None
    if root.tag != "annotations":
        raise FormatError(f"{path} holds <{root.tag}>, expected the <annotations> of CVAT.")
    return root


def _size(root: Element) -> tuple[int, int] | None:
    sizes = {(e.get("height", ""), e.get("width", "")) for e in root.iter("image")}
    if len(sizes) > 1:
        raise FormatError(
            f"The file holds images of {len(sizes)} sizes, expected the frames of one video."
        )
    for height, width in sizes:
        return int(height), int(width)
    found = root.find("meta//original_size")
    if found is None:
        return None
    return int(found.findtext("height", "")), int(found.findtext("width", ""))


def _classes(root: Element) -> tuple[str, ...] | None:
    """The names of classes, in files that Segue wrote of classes."""
    if root.findtext("meta/segue/labels") != "classes":
        return None
    return tuple(e.findtext("name", "") for e in root.iterfind("meta/task/labels/label"))


def _frame_names(root: Element, shapes: list[_Shape]) -> dict[int, str]:
    """Names of the frames that the file is about, where it lists them or counts them."""
    images = {int(e.get("id", "")): Path(e.get("name", "")).stem for e in root.iter("image")}
    if images:
        return images
    num_frames = int(root.findtext("meta/task/size") or 0)
    end = max([num_frames, *(shape.frame + 1 for shape in shapes)])
    if end > _MOST_FRAMES or any(shape.frame < 0 for shape in shapes):
        raise FormatError(
            f"The file is about {end} frames, expected frames from 0, at most {_MOST_FRAMES}."
        )
    return {index: index_name(index) for index in range(end)}


def _shapes(root: Element, path: Path) -> Iterator[_Shape]:
    """Shapes with an area, where they are seen."""
    for number, track in enumerate(root.iter("track")):
        group = int(track.get("group_id") or 0)
        # Ids of tracks and of groups must not meet.
        key = group or -1 - int(track.get("id", number))
        for element in track:
            place = f"{path}, track {track.get('id', number)}, frame {element.get('frame')}"
            if element.tag in _WITH_AREA and element.get("outside") != "1":
                frame = int(element.attrib["frame"])
                yield _Shape(frame, key, element, track.get("label", "object"), place)
    for image in root.iter("image"):
        frame = int(image.attrib["id"])
        for number, element in enumerate(image):
            place = f"{path}, image {frame}, shape {number}"
            if element.tag in _WITH_AREA:
                key = int(element.get("group_id") or 0)
                if not key:
                    raise FormatError(
                        f"{place} is in no group: it cannot be told which object is which on other frames. Export the "
                        "task as CVAT for video, or give the shapes of each object one group."
                    )
                yield _Shape(frame, key, element, element.get("label", "object"), place)


def _ids(shapes: list[_Shape], classes: tuple[str, ...] | None, path: Path) -> dict[int, int]:
    keys = {shape.key for shape in shapes}
    if classes is not None:
        return {key: key - 1 for key in keys if 1 <= key <= len(classes)}
    if keys and max(keys) < 0:  # No groups: tracks, which count from 0.
        ids = numbered((-key for key in keys), str(path))
        return {-key: number for key, number in ids.items()}
    return numbered(keys, str(path))


def _draw(
    shapes: list[_Shape], ids: Mapping[int, int], size_hw: tuple[int, int], empty: int
) -> Labels:
    masks = ((ids[shape.key], _mask(shape, size_hw)) for shape in shapes)
    return paint_masks(size_hw, masks, shapes[0].place if shapes else "", empty)


def _mask(shape: _Shape, size_hw: tuple[int, int]) -> Mask:
    element = shape.element
    if element.tag == "mask":
        return _from_runs(shape, size_hw)
    if element.tag == "box":
        if float(element.get("rotation", "0")):
            raise FormatError(f"{shape.place} is a turned box, expected a mask or a polygon.")
        x0, y0, x1, y1 = (float(element.attrib[key]) for key in ("xtl", "ytl", "xbr", "ybr"))
        points = np.array([(x0, y0), (x1 - 1, y0), (x1 - 1, y1 - 1), (x0, y1 - 1)])
        return drawn_polygon(points, size_hw)
    pairs = [pair.split(",") for pair in element.attrib["points"].split(";")]
    points = np.array(pairs, np.float64).reshape(-1, 2)
    if len(points) < 3 or not np.isfinite(points).all():
        raise FormatError(f"{shape.place} is a polygon of {len(points)} points, expected 3.")
    return drawn_polygon(points - 0.5, size_hw)


def _from_runs(shape: _Shape, size_hw: tuple[int, int]) -> Mask:
    element = shape.element
    left, top, width, height = (
        int(element.attrib[key]) for key in ("left", "top", "width", "height")
    )
    runs = np.array(element.attrib["rle"].split(","), np.int64)
    inside = 0 <= left <= left + width <= size_hw[1] and 0 <= top <= top + height <= size_hw[0]
    if not inside or min(width, height) < 1 or (runs < 0).any() or runs.sum() != width * height:
        raise FormatError(
            f"{shape.place} has runs of {runs.sum()} pixels for {width}x{height} at {left}, {top}, expected a mask "
            f"that fills its box within {size_hw[1]}x{size_hw[0]} (width x height). Write it again."
        )
    mask = np.zeros(size_hw, np.bool_)
    pixels = np.repeat(np.arange(runs.size) % 2 == 1, runs)
    mask[top : top + height, left : left + width] = pixels.reshape(height, width)
    return mask
