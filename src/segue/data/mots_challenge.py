"""The MOTSChallenge layout (MOTS20): pedestrians with an id per track, as MOTS text. Frames count from 1.

Class 2 is pedestrians, class 10 regions that are not scored (Voigtlaender et al., CVPR 2019; motchallenge.net). The
truth of ``test`` is not public: its sequences have frames alone.
"""

from collections.abc import Iterator
from configparser import ConfigParser, Error
from pathlib import Path

from segue.data.check import check_numbers, check_sequence, only, visible
from segue.data.layout import Layout
from segue.data.mots_text import IGNORE_REGION, PEDESTRIAN, check_tracks
from segue.data.sample import VideoSequence
from segue.errors import InputError, NotFoundError
from segue.media.images import list_images
from segue.problems import Problem

_CLASSES = (PEDESTRIAN, IGNORE_REGION)


def mots_challenge_sequences(root: Path, split: str = "train") -> list[VideoSequence]:
    """The sequences of a split, in the order of their names; ``tracks_path`` is the truth, where there is one.

    Raises:
        NotFoundError: The folder or the split is not there, or holds no sequence.
        InputError: A sequence has no frames, and no ``seqinfo.ini`` that tells how many there are.
    """
    return [_sequence(folder) for folder in _folders(root, split)]


def _check(root: Path, split: str) -> Iterator[Problem]:
    for folder in _folders(root, split):
        try:
            sequence = _sequence(folder)
            length = _length(folder)
        except InputError as error:
            yield Problem("listing", folder.name, "", str(error), fatal=True)
            continue
        yield from check_sequence(sequence, only(()), required=())
        yield from check_numbers(sequence)
        found = len(sequence.frame_paths)
        if found and found != length:
            message = f"{folder / 'img1'} holds {found} frames, seqinfo.ini says {length}. Copy the others."
            yield Problem("listing", folder.name, "", message, fatal=True)
        if sequence.tracks_path:
            frames = range(1, length + 1)
            yield from check_tracks(sequence, sequence.tracks_path, frames, _CLASSES)
        elif split != "test":
            message = f"{_truth(folder)} is not there. Copy the truth of the sequence."
            yield Problem("listing", folder.name, "", message, fatal=True)


def _folders(root: Path, split: str) -> list[Path]:
    folders = [path for path in visible(root / split) if path.is_dir()]
    if not folders:
        known = ", ".join(path.name for path in visible(root) if path.is_dir()) or "no folder"
        raise NotFoundError(
            f"No MOTSChallenge sequences in {root / split}, expected folders like MOTS20-02. "
            f"{root} holds: {known}. Give the folder that holds train and test."
        )
    return folders


def _sequence(folder: Path) -> VideoSequence:
    images = folder / "img1"
    frames = tuple(list_images(images)) if images.is_dir() else ()
    truth = _truth(folder)
    return VideoSequence(
        folder.name,
        frames,
        (None,) * len(frames),
        tracks_path=truth if truth.is_file() else None,
        num_frames=0 if frames else _length(folder),
    )


def _truth(folder: Path) -> Path:
    return folder / "gt" / "gt.txt"


def _length(folder: Path) -> int:
    """What ``seqinfo.ini`` says about the number of frames."""
    path = folder / "seqinfo.ini"
    info = ConfigParser()
    try:
        info.read_string(path.read_text(encoding="utf-8"))
        return info.getint("Sequence", "seqLength")
    except (OSError, ValueError, Error) as error:
        raise InputError(
            f"{path} gives no length of the sequence ({error}), expected 'seqLength' below "
            "'[Sequence]'. Copy it again."
        ) from None


def _recognise(root: Path) -> bool:
    return any(any((root / split).glob("*/seqinfo.ini")) for split in ("train", "test"))


MOTS_CHALLENGE = Layout(
    name="mots-challenge",
    summary="MOTSChallenge (MOTS20): pedestrians, an id per track, 4 training videos",
    tree="""\
<split>/<sequence>/img1/<frame>.jpg   000001.jpg, ...
<split>/<sequence>/gt/gt.txt          MOTS text; not in test
<split>/<sequence>/seqinfo.ini        seqLength below [Sequence]""",
    default_split="train",
    holds="tracks",
    sequences=mots_challenge_sequences,
    check=_check,
    recognise=_recognise,
)
