"""How the rows of a study are trained: the published settings, or their small version, on a dataset on disk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from segue.data.recognise import explain_wrong_layout, recognise
from segue.errors import InputError, NotFoundError, SettingsError
from segue.settings import override, read_toml
from segue.studies.study import Method, Row, Study, Values
from segue.studies.training import Training
from segue.training.tasks.catalog import RunSettings

_CONFIGS = Path(__file__).parents[3] / "configs"


@dataclass(frozen=True)
class Setup:
    """What all rows of a study have in common."""

    layout: str
    root: Path
    quick: bool
    published: Values
    """The settings of the study's file in ``configs/``; none if it has no such file."""
    changes: Values
    """Made after those of the row: the data, and the small version of all rows."""
    overrides: tuple[str, ...] = ()
    """``key.path=value`` each, made last."""
    method: Method = field(default_factory=Training)

    def settings(self, row: Row) -> Any:
        """What a row depends on, as its method has it.

        Raises:
            SettingsError: An override that does not fit.
        """
        values = merge(merge(self.published, row.settings), self.changes)
        if self.quick:
            values = merge(values, row.quick)
        values = override(values, self.overrides)
        return self.method.settings(values)


def set_up(
    study: Study,
    root: Path,
    *,
    layout: str | None = None,
    quick: bool = False,
    overrides: Sequence[str] = (),
) -> Setup:
    """What the rows of a study have in common, with the data looked at.

    Args:
        study: One that needs data.
        root: The dataset.
        layout: Of the dataset; ``None`` recognises it.
        quick: The small version, which some more layouts serve.
        overrides: ``key.path=value`` each, for all rows.

    Raises:
        NotFoundError: No dataset, or one without the clips around its annotated frames; no ``configs`` folder.
        InputError: A dataset that the study cannot use.
        SettingsError: A layout that the study cannot use, or an override that does not fit.
    """
    known = tuple(study.quick) if quick else (study.layout, *study.more_layouts)
    found = _choose_layout(root, layout, known, study)
    _check_clips(root, found)
    data = {"data": {"layout": found, "root": str(root.resolve())}}
    changes = merge(study.quick[found], data) if quick else data
    published = read_config(study.config) if study.config else {}
    method = study.method or Training()
    setup = Setup(found, root.resolve(), quick, published, changes, tuple(overrides), method)
    for row in study.rows:
        _check_length(row, setup.settings(row))
    return setup


def merge(values: Values, changes: Values) -> dict[str, Any]:
    """A copy of nested values with others put in or in their place; lists are replaced."""
    merged = dict(values)
    for key, value in changes.items():
        below = merged.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            value = merge(below, value)
        merged[key] = value
    return merged


def read_config(config: str) -> Values:
    """The settings of a file in ``configs/``.

    Raises:
        NotFoundError: There is no such file.
    """
    path = _CONFIGS / config
    if not path.is_file():
        raise NotFoundError(
            f"No settings {path}. Run this in a checkout of the project, which holds configs/."
        )
    return read_toml(path)


def _choose_layout(root: Path, said: str | None, known: Sequence[str], study: Study) -> str:
    if not root.is_dir():
        raise NotFoundError(
            f"No folder {root}. Give the root of a dataset.", option="Pass --data FOLDER."
        )
    expected = " or ".join(known)
    trial = "Or add --quick." if set(study.quick) - set(known) else ""
    if said is not None:
        if said not in known:
            raise SettingsError(
                f"{study.name} needs {expected}, got {said}. Change it.", option=trial
            )
        hint = explain_wrong_layout(root, said)
        if hint:
            raise InputError(hint)
        return said
    looks = recognise(root)
    for name in known:
        if name in looks:
            return name
    raise InputError(
        f"{study.name} needs {expected}; {root} looks like {looks[0] if looks else 'no dataset'}. "
        "Give another folder.",
        option=trial,
    )


def _check_length(row: Row, settings: Any) -> None:
    """Before any row is trained, not when it is this one's turn."""
    if isinstance(settings, RunSettings) and settings.stages and settings.loop.stages():
        raise SettingsError(
            f"{row.name} has a length of its own, in [[stages]]: leave loop.steps and loop.epochs as they are."
        )


def _check_clips(root: Path, layout: str) -> None:
    """Without them Cityscapes has single frames, and temporal networks would learn nothing about time."""
    if layout != "cityscapes":
        return
    for split in ("train", "val"):
        folder = root / "leftImg8bit_sequence" / split
        if not folder.is_dir():
            raise NotFoundError(
                f"No {folder}, which holds the frames around the annotated ones: unpack "
                "leftImg8bit_sequence_trainvaltest.zip of Cityscapes there."
            )
