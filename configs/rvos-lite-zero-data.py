"""Lay out what rvos-lite-zero was trained on: DAVIS-2016 train, and stills as sequences of one frame.

$ python configs/rvos-lite-zero-data.py DATA OUT

DATA holds davis2016_train_360p (DAVIS layout) and stills/NAME with JPEGImages and Annotations.
"""

import random
import sys
from pathlib import Path

import numpy as np
from PIL import Image

STILLS = {"duts_tr": 1800, "coco_things": 187, "human_photos": 150, "ccp_person": 60}
"""Pictures that are taken of each folder, at random; only those of COCO hold several objects."""
SIZE = (448, 256)


def main(data: Path, out: Path) -> None:
    """Write ``out`` in the DAVIS-2017 layout."""
    names = footage(data / "davis2016_train_360p", out)
    chance = random.Random(0)
    for folder, count in STILLS.items():
        masks = sorted((data / "stills" / folder / "Annotations").iterdir())
        chance.shuffle(masks)
        names += [still(mask, folder, out) for mask in masks[:count]]
    lists = out / "ImageSets/2017"
    lists.mkdir(parents=True, exist_ok=True)
    (lists / "train.txt").write_text("\n".join(names) + "\n")


def footage(root: Path, out: Path) -> list[str]:
    """The sequences with their one object."""
    names = []
    for folder in sorted((root / "Annotations/480p").iterdir()):
        name = f"d-{folder.name}"
        names.append(name)
        for index, path in enumerate(sorted(folder.glob("*.png"))):
            frame = next((root / "JPEGImages/480p" / folder.name).glob(f"{path.stem}.*"))
            mask = Image.open(path).resize(SIZE, Image.Resampling.NEAREST).convert("L")
            put(
                out,
                name,
                index,
                Image.open(frame).convert("RGB").resize(SIZE),
                np.asarray(mask) > 0,
            )
    return names


def still(path: Path, folder: str, out: Path) -> str:
    """One picture as a sequence."""
    picture = next((path.parents[1] / "JPEGImages").glob(f"{path.stem}.*"))
    values = np.asarray(Image.open(path))
    several = folder == "coco_things"
    mask = np.where(values == 255, 0, values) if several else values > 0
    name = f"{folder}-{path.stem}"
    put(out, name, 0, Image.open(picture).convert("RGB"), mask)
    return name


def put(out: Path, name: str, index: int, frame: Image.Image, mask: np.ndarray) -> None:
    """One frame and its mask."""
    frames, masks = out / "JPEGImages/480p" / name, out / "Annotations/480p" / name
    for place in (frames, masks):
        place.mkdir(parents=True, exist_ok=True)
    frame.save(frames / f"{index:05d}.jpg", quality=92)
    Image.fromarray(mask.astype(np.uint8)).save(masks / f"{index:05d}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
