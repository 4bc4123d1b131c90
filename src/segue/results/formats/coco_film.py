"""What a COCO file holds, as the frames of one video."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

from segue.errors import FormatError
from segue.media.mask_coco import drawn_annotation
from segue.results.reading import (
    FrameOnFile,
    damage_told,
    known_size,
    numbered,
    numbers_of_names,
    odd_values_told,
    paint_masks,
    read_frames,
    said_time,
)
from segue.results.results import Results
from segue.types import BACKGROUND, VOID, Labels

_Item = dict[str, Any]


def read_film(path: Path, size_hw: tuple[int, int] | None = None) -> Results:
    """The results that a COCO or YouTube-VIS file holds.

    Raises:
        FormatError: As in ``Readable.read``.
    """
    document = _document(path)
    with odd_values_told(path):
        return _results(document, path, size_hw)


def _results(document: _Item, path: Path, size_hw: tuple[int, int] | None) -> Results:
    film = _Film.of_tracks(document, path) if _is_vis(document) else _Film.of(document, path)
    size = known_size(size_hw, film.size_hw(), path)
    classes = _classes(document)
    ids = _ids(film, classes)
    frames = [film.frame(n, size, ids, classes is not None) for n in range(len(film.images))]
    if classes is not None:
        return read_frames(film.name, size, frames, frame_rate=film.frame_rate, classes=classes)
    kinds = {
        ids[film.keys[id(i)]]: film.categories.get(i.get("category_id")) for i in film.annotations
    }
    return read_frames(
        film.name,
        size,
        frames,
        frame_rate=film.frame_rate,
        sources={ids[key]: said for key, said in film.sources().items()},
        categories={n: kind for n, kind in kinds.items() if kind and kind != "object"},
    )


def _ids(film: "_Film", classes: tuple[str, ...] | None) -> dict[int, int]:
    """The value in the label maps of what the file calls an object, or a class."""
    keys = set(film.keys.values())
    if classes is None:
        return numbered(keys, str(film.path))
    odd = next((key for key in keys if not 1 <= key <= len(classes)), None)
    if odd is not None:
        raise FormatError(f"{film.path}: there is no category {odd}.")
    return {key: key - 1 for key in keys}


def _document(path: Path) -> _Item:
    try:
        document: Any = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise FormatError(f"{path} is not a whole JSON file ({error}). Write it again.") from None
    lists = ("annotations", "videos" if _is_vis(document) else "images")
    for key in lists:
        found = document.get(key) if isinstance(document, dict) else None
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            raise FormatError(f"{path}: expected a COCO document with a list of {key!r}.")
    return document  # type: ignore[no-any-return]


def _is_vis(document: Any) -> bool:
    """Whether the annotations hold all frames each, as those of YouTube-VIS."""
    if not isinstance(document, dict) or not isinstance(document.get("annotations"), list):
        return False
    return any(isinstance(i, dict) and "segmentations" in i for i in document["annotations"])


def _classes(document: _Item) -> tuple[str, ...] | None:
    """The names of classes, in files that ``Coco`` wrote of classes."""
    info = document.get("info")
    if not isinstance(info, dict) or info.get("labels") != "classes":
        return None
    names = _categories(document)
    return tuple(names.get(number, "") for number in range(1, len(names) + 1))


def _categories(document: _Item) -> dict[Any, str]:
    listed = document.get("categories") or []
    return {item.get("id"): str(item.get("name")) for item in listed if isinstance(item, dict)}


@dataclass(frozen=True)
class _Film:
    """Images in the order of their video, and the annotations of each."""

    path: Path
    name: str
    frame_rate: Fraction | None
    images: list[_Item]
    by_image: list[list[_Item]]
    keys: Mapping[int, int]
    """``id()`` of an annotation -> what the file calls its object."""
    categories: Mapping[Any, str]

    @property
    def annotations(self) -> list[_Item]:
        """Of all frames."""
        return list(chain.from_iterable(self.by_image))

    @classmethod
    def of(cls, document: _Item, path: Path) -> "_Film":
        """Of a document with an annotation per object and frame."""
        video = _only_video(document, path)
        images = document["images"]
        places = {image.get("id"): place for place, image in enumerate(images)}
        if not images or len(places) < len(images):
            raise FormatError(
                f"{path}: expected images with an 'id' each, got {len(images)} images."
            )
        by_image: list[list[_Item]] = [[] for _ in images]
        for number, item in enumerate(document["annotations"]):
            if item.get("image_id") not in places:
                raise FormatError(
                    f"{path}, annotation {number}: there is no image {item.get('image_id')!r}."
                )
            by_image[places[item["image_id"]]].append(item)
        keys = _keys(document, by_image, path)
        rate = _rate(video.get("frame_rate", video.get("fps")))
        name = str(video.get("name", path.stem))
        return cls(path, name, rate, images, by_image, keys, _categories(document))

    @classmethod
    def of_tracks(cls, document: _Item, path: Path) -> "_Film":
        """Of a YouTube-VIS document: an annotation per object, with a mask or null per frame."""
        video = _only_video(document, path)
        names = video.get("file_names")
        if not isinstance(names, list):
            raise FormatError(f"{path}: expected a video with 'file_names'.")
        size = {"height": video.get("height"), "width": video.get("width")}
        images = [{"id": place, "file_name": name, **size} for place, name in enumerate(names)]
        by_image: list[list[_Item]] = [[] for _ in images]
        keys = {}
        for number, item in enumerate(document["annotations"]):
            masks = item.get("segmentations")
            if not isinstance(masks, list) or len(masks) != len(images):
                raise FormatError(
                    f"{path}, annotation {number}: expected 'segmentations' of {len(images)} frames."
                )
            for place, mask in enumerate(masks):
                if mask is not None:
                    made = {"segmentation": mask, "category_id": item.get("category_id")}
                    by_image[place].append(made)
                    keys[id(made)] = _whole(
                        item.get("id", number + 1), f"{path}, annotation {number}"
                    )
        name = str(video.get("name", Path(str(names[0])).parent.name if names else path.stem))
        return cls(path, name or path.stem, None, images, by_image, keys, _categories(document))

    def size_hw(self) -> tuple[int, int] | None:
        """What all images say.

        Raises:
            FormatError: They are not of one size.
        """
        sizes = {(item.get("height"), item.get("width")) for item in self.images}
        if len(sizes) > 1:
            raise FormatError(
                f"{self.path} holds images of {len(sizes)} sizes, expected the frames of one video."
            )
        height, width = sizes.pop()
        known = isinstance(height, int) and isinstance(width, int) and min(height, width) > 0
        return (height, width) if known else None  # type: ignore[return-value]

    def sources(self) -> dict[int, str]:
        """What the file calls each object, in words."""
        found: dict[int, str] = {}
        for item in self.annotations:
            key = self.keys[id(item)]
            label = self.categories.get(item.get("category_id"), "object")
            found.setdefault(
                key, label if item.get("track_id") is None else f"{label} (track {key})"
            )
        return found

    def frame(
        self, place: int, size_hw: tuple[int, int], ids: Mapping[int, int], classes: bool
    ) -> FrameOnFile:
        """One image."""
        image = self.images[place]
        items = [(ids[self.keys[id(item)]], item) for item in self.by_image[place]]
        name = f"{self.path}, image {image.get('id')}"

        def draw() -> Labels:
            with damage_told():
                masks = [(n, drawn_annotation(item, size_hw, name)) for n, item in items]
            return paint_masks(size_hw, masks, name, VOID if classes else BACKGROUND)

        return FrameOnFile(
            self._numbers[place],
            Path(str(image.get("file_name", place))).stem,
            draw,
            said_time(image.get("time")),
            {
                n: float(item["score"])
                for n, item in items
                if isinstance(item.get("score"), int | float)
            },
        )

    @cached_property
    def _numbers(self) -> list[int]:
        for key in ("frame_index", "frame_id"):
            found = [image.get(key) for image in self.images]
            if all(isinstance(number, int) and number >= 0 for number in found):
                return found  # type: ignore[return-value]
        return numbers_of_names([Path(str(i.get("file_name", ""))).stem for i in self.images])


def _only_video(document: _Item, path: Path) -> _Item:
    videos = [item for item in document.get("videos") or [] if isinstance(item, dict)]
    if len(videos) > 1:
        raise FormatError(
            f"{path} holds {len(videos)} videos, expected one. Save each in a file of its own."
        )
    return videos[0] if videos else {}


def _keys(document: _Item, by_image: list[list[_Item]], path: Path) -> dict[int, int]:
    """What tells the objects apart: tracks, or the category, or the order in a single image."""
    annotations = document["annotations"]
    if _classes(document) is not None:
        names = ["category_id"]
    else:
        names = [k for k in ("track_id", "instance_id") if all(k in i for i in annotations)]
    if names:
        keys = {
            id(i): _whole(i.get(names[0]), f"{path}, annotation {n}")
            for n, i in enumerate(annotations)
        }
    elif len(by_image) == 1:
        return {id(item): number for number, item in enumerate(annotations, 1)}
    else:
        keys = {
            id(i): _whole(i.get("category_id"), f"{path}, annotation {n}")
            for n, i in enumerate(annotations)
        }
    for place, items in enumerate(by_image):
        (key, count), *_ = Counter(keys[id(item)] for item in items).most_common(1) or [(0, 0)]
        if count > 1:
            what = f"{names[0]} {key}" if names else f"objects of category {key} and no 'track_id'"
            raise FormatError(
                f"{path}, image {document['images'][place].get('id')} has {count} annotations of {what}: it cannot be "
                "told which object is which on other frames. Give each object a 'track_id' of its own."
            )
    return keys


def _whole(value: Any, place: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise FormatError(f"{place}: expected a whole number as id, got {value!r}.")


def _rate(value: Any) -> Fraction | None:
    try:
        rate = Fraction(str(value)).limit_denominator(1_000_000)
    except (ValueError, ZeroDivisionError):
        return None
    return rate if rate > 0 else None
