"""Writes street scenes in the MOTSChallenge layout, see ``segue.data.mots_challenge``."""

from collections.abc import Sequence
from pathlib import Path

from segue.data.mots_text import PEDESTRIAN, masks_of_ids, write_mots
from segue.synthetic.scene import Scene
from segue.synthetic.write_kitti_mots import track_ids
from segue.synthetic.writing import make_folder, write_jpeg, write_lines


def write(root: Path, scenes: Sequence[Scene], split: str) -> None:
    """One split, sequences ``MOTS20-01``, ...: frames, pedestrians as text (not in ``test``), ``seqinfo.ini``."""
    for number, scene in enumerate(scenes, start=1):
        folder = root / split / f"MOTS20-{number:02}"
        masks = []
        for index, frame in enumerate(scene.frames(), start=1):
            write_jpeg(folder / "img1" / f"{index:06}.jpg", frame.image)
            masks += masks_of_ids(index, track_ids(frame, {"person": PEDESTRIAN}))
        if split != "test":
            make_folder(folder / "gt")
            write_mots(folder / "gt" / "gt.txt", masks)
        write_lines(folder / "seqinfo.ini", _info(folder.name, scene))


def _info(name: str, scene: Scene) -> list[str]:
    height, width = scene.size_hw
    return [
        "[Sequence]",
        f"name={name}",
        "imDir=img1",
        "frameRate=30",
        f"seqLength={scene.num_frames}",
        f"imWidth={width}",
        f"imHeight={height}",
        "imExt=.jpg",
    ]
