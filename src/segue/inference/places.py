"""Where the results of one video lie, and who may write there."""

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from segue.errors import OutputError
from segue.files import writing
from segue.inference import claims
from segue.inference.identity import differences
from segue.inference.session.ledger import SESSION, lock, read_session
from segue.results.store import FOLDER

_EARLIER = "{} was begun by an earlier version of Segue. Start again from the first frame."
Mode = Literal["new", "overwrite", "resume"]


@dataclass(frozen=True, slots=True)
class Outputs:
    """The names of what a command leaves, besides ``overlay.mp4`` and ``run.json``."""

    verb: str
    """The command."""
    folder: str
    """Holds one PNG per frame."""
    files: tuple[str, ...]
    """About the whole video; ``reuse.png`` only comes from models with a reuse gate, ``found.*`` where no mask was
    given."""


TRACKS = Outputs("track", "masks", ("tracks.json", "reuse.png", "found.png", "found.json"))
CLASSES = Outputs("label", "labels", ("areas.csv", "areas.png", "reuse.png"))


@dataclass(frozen=True, slots=True)
class Places:
    """The files of one job: one PNG per frame in one folder, everything else in another."""

    labels: Path
    run: Path
    outputs: Outputs
    keeps: bool = False
    """Whether a complete job leaves its session, so that the results can be corrected."""

    @classmethod
    def for_video(cls, out: Path, outputs: Outputs) -> "Places":
        """``OUT/masks/*.png`` (or how else the folder is called) and the rest in ``OUT``."""
        return cls(out / outputs.folder, out, outputs, keeps=True)

    @classmethod
    def for_sequence(cls, out: Path, name: str, outputs: Outputs) -> "Places":
        """``OUT/<sequence>/*.png`` as evaluation servers want it, and the rest in ``OUT/_run``."""
        return cls(out / name, out / "_run" / name, outputs)

    @property
    def overlay(self) -> Path:
        """The video with the labels painted in."""
        return self.run / "overlay.mp4"

    @property
    def files(self) -> tuple[Path, ...]:
        """What the command writes about the whole video, in the order of its ``Outputs``."""
        return tuple(self.run / name for name in self.outputs.files)

    def existing_files(self) -> list[str]:
        """Names of the files about the whole video that are there."""
        return [path.name for path in (self.overlay, *self.files) if path.exists()]

    @property
    def record(self) -> Path:
        """How the results came about."""
        return self.run / "run.json"

    @property
    def session(self) -> Path:
        """What a session needs to go on, see ``Session``."""
        return self.run / FOLDER

    def occupied(self) -> bool:
        """Whether there are results, whole or begun."""
        single = (self.overlay, self.record, self.session, *self.files)
        return any(path.exists() for path in single) or any(self.labels.glob("*.png"))

    def check(self, mode: Mode, identity: Mapping[str, Any], inputs: Sequence[Path] = ()) -> bool:
        """Whether the job is complete already; changes no result.

        Args:
            mode: ``new`` wants an empty place, ``overwrite`` one whose files an earlier run claims, ``resume`` the
                same job.
            identity: What the job is asked to do.
            inputs: Files that the job reads, which must not lie where it writes.

        Raises:
            OutputError: The place holds results that this job must not touch.
        """
        self._refuse_files()
        self._refuse_inputs(inputs)
        if mode == "new" and self.occupied():
            raise OutputError(
                f"{self.run} already holds results. Give another folder.",
                option="Or pass --resume to go on with the results, or --overwrite to replace them.",
            )
        if mode == "overwrite":
            self._refuse_other_command()
            self._refuse_foreign()
        if mode != "resume" or not self.occupied():
            return False
        complete, before = self.earlier()
        changed = differences(before, json.loads(json.dumps(identity)))
        if changed:
            raise OutputError(
                f"Cannot resume {self.run}: {'; '.join(changed[:4])}. Resume with what the run was begun with.",
                option="Or start again with --overwrite.",
            )
        return complete

    def _refuse_files(self) -> None:
        for folder in (self.run, self.labels):
            if folder.exists() and not folder.is_dir():
                raise OutputError(
                    f"{folder} is a file, expected a folder for the results. Give another name."
                )

    def earlier(self) -> tuple[bool, Mapping[str, Any]]:
        """Whether the earlier job is complete, and what it was asked to do.

        Raises:
            OutputError: There is no record of it.
        """
        try:
            session = self.session / SESSION
            begun = read_session(session) if session.exists() else None
            if self.record.exists():
                record = self.read_record()
                complete = bool(record["complete"])
                if begun is not None:
                    # What was changed since may have been cut off before the record was written anew.
                    known = len(begun["edits"]) == record.get("edits")
                    complete = complete and known and begun["pending"] is None
                elif not complete:
                    raise OutputError(_EARLIER.format(self.run), option="Pass --overwrite.")
                return complete, record["identity"]
            if begun is None and (self.run / "_resume").is_dir():
                raise OutputError(
                    f"{self.run} was begun by an earlier version of Segue. Give another folder."
                )
            if begun is None:
                raise LookupError
            return False, begun["identity"]
        except OutputError:
            raise
        except (OSError, ValueError, LookupError, TypeError):
            raise OutputError(
                f"{self.run} holds results, but no record that tells how they were made, so they cannot be resumed. "
                "Give another folder."
            ) from None

    def read_record(self) -> dict[str, Any]:
        """What ``run.json`` holds."""
        record: dict[str, Any] = json.loads(self.record.read_text(encoding="utf-8"))
        return record

    def prepare(self, mode: Mode) -> None:
        """Make the folders, empty in mode ``overwrite``.

        Raises:
            OutputError: Another process works there.
            WriteError: The system refuses.
        """
        held = lock(self.session) if self.session.is_dir() else None
        try:
            if mode == "overwrite":
                self._clear()
            for folder in (self.labels, self.session):
                with writing(folder):
                    folder.mkdir(parents=True, exist_ok=True)
                    # Left behind by a process that was killed while it wrote.
                    for part in (*folder.glob(".*.part"), *self.run.glob(".*.part")):
                        if part.is_dir():
                            shutil.rmtree(part, ignore_errors=True)
                        else:
                            part.unlink(missing_ok=True)
        finally:
            if held is not None:
                held.close()

    def finish(self) -> None:
        """Drop what nobody needs after a complete job.

        Raises:
            WriteError: The system refuses.
        """
        if not self.keeps:
            self._drop_session()

    def _drop_session(self) -> None:
        if self.session.exists():
            with writing(self.session):
                shutil.rmtree(self.session)

    def _refuse_foreign(self) -> None:
        """Files that no run of Segue claims stay, so the place cannot be used."""
        claim = self._claim()
        single = [path for path in (self.overlay, *self.files) if path.name not in claim.files]
        if self._recorded() is claims.NOTHING:
            single.append(self.record)
        labels = sorted(p for p in self.labels.glob("*.png") if p.stem not in claim.frames)
        foreign = [path for path in (*single, *labels) if path.exists()]
        if foreign:
            more = f" (and {len(foreign) - 1} more)" if len(foreign) > 1 else ""
            raise OutputError(
                f"{foreign[0]}{more} is in the way: no record in {self.run} says that a run of Segue wrote this file, "
                "so Segue does not remove it. Move the file away, or give another folder."
            )

    def _claim(self) -> claims.Claim:
        """What earlier runs wrote here, the last of which may have been killed."""
        recorded = self._recorded()
        # A record knows them; without one they did not exist before.
        files = () if recorded is not claims.NOTHING else (self.overlay.name, *self.outputs.files)
        return recorded | claims.interrupted(self.session, files)

    def _recorded(self) -> claims.Claim:
        try:
            return claims.recorded(json.loads(self.record.read_text(encoding="utf-8")))
        except (OSError, ValueError):
            return claims.NOTHING

    def _clear(self) -> None:
        """Remove what the earlier run claims; its claim goes last, so that a killed process can be followed."""
        claim = self._claim()
        with writing(self.run):
            for path in self.labels.glob("*.png"):
                if path.stem in claim.frames:
                    path.unlink(missing_ok=True)
            for path in (self.overlay, *self.files):
                if path.name in claim.files:
                    path.unlink(missing_ok=True)
            self._clear_formats(claim.files)
            self._drop_session()
            self.record.unlink(missing_ok=True)

    def _clear_formats(self, names: Iterable[str]) -> None:
        """Remove files of other formats, and the folders that are empty then."""
        folder = self.run.resolve()
        for name in names:
            path = (folder / name).resolve()
            if folder in path.parents and path.is_file():
                path.unlink()
                for parent in path.parents:
                    if parent == folder or any(parent.iterdir()):
                        break
                    parent.rmdir()

    def _refuse_other_command(self) -> None:
        """Its files have other names: what is replaced and what is not would lie side by side."""
        try:
            verb = self.earlier()[1].get("verb", self.outputs.verb)
        except OutputError:
            return
        if verb != self.outputs.verb:
            raise OutputError(
                f"{self.run} holds results of segue {verb}, which segue {self.outputs.verb} does not replace. "
                "Give another folder."
            )

    def _refuse_inputs(self, inputs: Sequence[Path]) -> None:
        written = (self.labels.resolve(), self.session.resolve(), self.overlay.resolve())
        for path in inputs:
            spot = path.resolve()
            if any(spot == place or place in spot.parents for place in written):
                raise OutputError(
                    f"{path} is read, but lies where results would be written ({self.run}). "
                    "Give another folder for the results."
                )
