"""Where a fine-tuning keeps what it learned: the weights, and beside them a folder until they are ready.

``tuned.safetensors`` appears when all steps are done. Until then ``tuned.run/`` holds a checkpoint, and the weights so
far; afterwards it keeps the record and the curves.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from segue.errors import InputError, NotFoundError, OutputError, SettingsError
from segue.files import replacing, write_json, writing
from segue.training import checkpoint
from segue.training.loop import WEIGHTS

Mode = Literal["new", "resume", "overwrite"]
_SUFFIX = ".safetensors"
_RECORD = "run.json"
_NO_MATTER = frozenset({"settings.device"})
"""What may differ when a run goes on."""


@dataclass(frozen=True, slots=True)
class TunedPlaces:
    """The file of tuned weights and the folder of its run."""

    out: Path

    @property
    def folder(self) -> Path:
        """Of the run."""
        return self.out.with_suffix(".run")

    def check(self, mode: Mode) -> None:
        """Refuse what would overwrite something, before any work.

        Raises:
            InputError: The name does not end in ``.safetensors``.
            NotFoundError: The folder to write in is not there.
            OutputError: There is such a file, or an interrupted run, and ``mode`` does not say what to do about it.
        """
        if self.out.suffix.lower() != _SUFFIX:
            raise InputError(
                f"Tuned weights need a file name that ends in {_SUFFIX}, got {str(self.out)!r}. Give one, such as "
                f"{self.out.with_suffix(_SUFFIX).name}."
            )
        if not self.out.parent.is_dir():
            raise NotFoundError(
                f"No folder {self.out.parent} to write {self.out.name} in. Make it, or give another name."
            )
        for path, wrong in ((self.out, self.out.is_dir()), (self.folder, self.folder.is_file())):
            if wrong:
                raise OutputError(f"{path} is in the way: it is of another kind. Move it away.")
        if mode == "new" and self.out.exists():
            raise OutputError(
                f"{self.out} is there already. Give another name, or have it replaced.",
                option="Pass --overwrite to replace it.",
            )
        if mode == "new" and checkpoint.exists(self.folder):
            raise OutputError(
                f"{self.folder} holds a fine-tuning that was interrupted. Let it go on, or begin again.",
                option="Pass --resume to go on, or --overwrite to begin again.",
            )

    def begin(self, mode: Mode, record: Mapping[str, Any]) -> None:
        """Make the folder ready and write the record.

        Raises:
            SettingsError: A run that shall go on had other settings, frames, masks or weights.
            WriteError: The system refuses.
        """
        if mode == "overwrite":
            self._forget()
        if checkpoint.exists(self.folder):
            self._compare(record)
        with writing(self.folder):
            self.folder.mkdir(exist_ok=True)
        write_json(self.folder / _RECORD, {**record, "complete": False})

    def finish(self, record: Mapping[str, Any]) -> None:
        """Put the weights in their place, and remove what only an interrupted run needs.

        Raises:
            WriteError: The system refuses; the run can go on.
        """
        with replacing(self.out) as partial:
            shutil.copyfile(self.folder / WEIGHTS, partial)
        write_json(self.folder / _RECORD, {**record, "complete": True})
        with writing(self.folder):
            (self.folder / WEIGHTS).unlink()
            checkpoint.remove(self.folder)

    def complete(self, record: Mapping[str, Any]) -> dict[str, Any] | None:
        """The record of such a run that has ended; ``None`` where it has not.

        Raises:
            SettingsError: One has ended that had other settings, frames, masks or weights.
        """
        try:
            kept: dict[str, Any] = json.loads((self.folder / _RECORD).read_text("utf-8"))
        except (OSError, ValueError):
            return None
        if kept.get("complete") is not True or not self.out.is_file():
            return None
        self._compare(record)
        return kept

    def _forget(self) -> None:
        """Remove what an earlier run of ours left that another one must not go on with; other files stay."""
        with writing(self.folder):
            checkpoint.remove(self.folder)
            for name in (_RECORD, WEIGHTS, "metrics.jsonl", "curves.png"):
                (self.folder / name).unlink(missing_ok=True)

    def _compare(self, record: Mapping[str, Any]) -> None:
        try:
            before = _flat(json.loads((self.folder / _RECORD).read_text("utf-8")))
        except (OSError, ValueError):
            raise OutputError(
                f"{self.folder / _RECORD} is damaged, so the run cannot go on. Begin again.",
                option="Pass --overwrite.",
            ) from None
        now = _flat(record)
        odd = [k for k, v in now.items() if before.get(k) != v and k not in _NO_MATTER]
        if odd:
            told = "; ".join(
                f"{k} was {before.get(k)!r}, now {now[k]!r}"
                if k.startswith("settings.") or k == "model"
                else f"the {k} are others"
                for k in odd[:3]
            )
            raise SettingsError(
                f"{self.folder} holds a fine-tuning that was begun otherwise: {told}. Go on with what it was begun "
                "with, or begin again.",
                option="Pass --overwrite to begin again.",
            )


def _flat(record: Mapping[str, Any]) -> dict[str, Any]:
    plain = {k: record.get(k) for k in ("model", "frames and masks", "weights")}
    settings = record.get("settings")
    nested = settings if isinstance(settings, Mapping) else {}
    return {**plain, **{f"settings.{k}": v for k, v in nested.items()}}
