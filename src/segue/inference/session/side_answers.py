"""Answers of one pass, kept until the pass from the other side has come to the same frames."""

import json
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32

from segue.files import write_bytes, writing
from segue.types import ObjectScore, Prediction, SoftMask

_LEVEL = 1


class SideAnswers:
    """Predictions by frame, with their probabilities in 8 bits, each cut to where it is not 0.

    Args:
        folder: Where files go; ``None`` keeps them in memory.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._kept: dict[int, bytes] = {}
        self._numbers: dict[int, int] = {}
        if folder is not None and folder.is_dir():
            for path in folder.iterdir():
                index, _, number = path.stem.partition("-")
                if path.suffix == ".answer" and index.isdecimal() and number.isdecimal():
                    self._numbers[int(index)] = int(number)

    def number(self, index: int) -> int | None:
        """The newest change that the answer of a frame knows of; ``None`` without an answer."""
        return self._numbers.get(index)

    def put(self, index: int, prediction: Prediction, number: int) -> None:
        """Keep an answer, in the place of an older one.

        Raises:
            WriteError: The system refuses.
        """
        packed = pack(prediction)
        if self._folder is None:
            self._kept[index] = packed
        else:
            with writing(self._folder):
                self._folder.mkdir(parents=True, exist_ok=True)
            write_bytes(self._path(index, number), packed)
            if self._numbers.get(index, number) != number:
                self._path(index, self._numbers[index]).unlink(missing_ok=True)
        self._numbers[index] = number

    def get(self, index: int) -> Prediction | None:
        """The answer of a frame; ``None`` if it is gone or damaged."""
        if index not in self._numbers:
            return None
        try:
            if self._folder is None:
                return unpack(self._kept[index])
            return unpack(self._path(index, self._numbers[index]).read_bytes())
        except (OSError, ValueError, LookupError, TypeError, zlib.error):
            return None

    def drop(self, index: int) -> None:
        """Forget an answer; never raises."""
        number = self._numbers.pop(index, None)
        self._kept.pop(index, None)
        if self._folder is not None and number is not None:
            with suppress(OSError):
                self._path(index, number).unlink(missing_ok=True)

    def clear(self) -> None:
        """Forget all; never raises."""
        for index in list(self._numbers):
            self.drop(index)

    def _path(self, index: int, number: int) -> Path:
        assert self._folder is not None
        return self._folder / f"{index:08d}-{number}.answer"


class _Soft(Mapping[int, SoftMask]):
    def __init__(
        self, size_hw: tuple[int, int], crops: Mapping[int, tuple[int, int, np.ndarray]]
    ) -> None:
        self._size_hw = size_hw
        self._crops = crops

    def __getitem__(self, object_id: int) -> Float32[np.ndarray, "height width"]:
        top, left, crop = self._crops[object_id]
        whole = np.zeros(self._size_hw, np.float32)
        whole[top : top + crop.shape[0], left : left + crop.shape[1]] = crop / np.float32(255)
        return whole

    def __iter__(self) -> Iterator[int]:
        return iter(self._crops)

    def __len__(self) -> int:
        return len(self._crops)


def pack(prediction: Prediction) -> bytes:
    """A prediction as bytes; probabilities lose what 8 bits do not hold."""
    labels = np.ascontiguousarray(prediction.labels)
    blocks = [zlib.compress(labels.tobytes(), _LEVEL)]
    soft: dict[str, Any] = {}
    for number, values in (prediction.probabilities or {}).items():
        top, left, crop = _cropped(np.rint(np.asarray(values) * 255).astype(np.uint8))
        blocks.append(zlib.compress(crop.tobytes(), _LEVEL))
        soft[str(number)] = [top, left, *crop.shape]
    head = {
        "size_hw": labels.shape,
        "scores": {str(n): asdict(score) for n, score in prediction.scores.items()},
        "soft": soft if prediction.probabilities is not None else None,
        "bytes": [len(block) for block in blocks],
    }
    return b"\n".join([json.dumps(head).encode(), b"".join(blocks)])


def unpack(packed: bytes) -> Prediction:
    """What ``pack`` was given.

    Raises:
        ValueError: Damaged.
        zlib.error: Damaged.
    """
    text, _, rest = packed.partition(b"\n")
    head = json.loads(text)
    blocks = []
    for size in head["bytes"]:
        blocks.append(np.frombuffer(zlib.decompress(rest[:size]), np.uint8))
        rest = rest[size:]
    labels = blocks[0].reshape(head["size_hw"]).copy()
    scores = {int(n): _score(row) for n, row in head["scores"].items()}
    if head["soft"] is None:
        return Prediction(labels, scores)
    crops = {
        int(n): (top, left, block.reshape(height, width))
        for (n, (top, left, height, width)), block in zip(
            head["soft"].items(), blocks[1:], strict=True
        )
    }
    return Prediction(labels, scores, _Soft(labels.shape, crops))


def _score(row: Mapping[str, Any]) -> ObjectScore:
    box = row["box_xyxy"]
    return ObjectScore(**{**row, "box_xyxy": tuple(box) if box is not None else None})


def _cropped(values: np.ndarray) -> tuple[int, int, np.ndarray]:
    rows, columns = np.flatnonzero(values.any(1)), np.flatnonzero(values.any(0))
    if not len(rows):
        return 0, 0, np.zeros((0, 0), np.uint8)
    top, left = int(rows[0]), int(columns[0])
    crop = values[top : rows[-1] + 1, left : columns[-1] + 1]
    return top, left, np.ascontiguousarray(crop)
