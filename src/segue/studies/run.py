"""Works out the rows of a study, each in a folder of its own, and keeps the table up to date.

A row that is complete is not done again, one that was cut off goes on, and one that fails leaves the others alone.
"""

import fnmatch
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Protocol, runtime_checkable

from segue.errors import SettingsError, WeightsError
from segue.files import write_bytes, write_json, writing
from segue.studies.render import to_json, to_markdown
from segue.studies.result import Outcome, Result
from segue.studies.setup import Setup
from segue.studies.study import PARAMETERS, Row, Study
from segue.training.loop import Watch

_NOT_CHOSEN = "not asked for"


@runtime_checkable
class Observer(Protocol):
    """Is told how the rows get on."""

    def begin(self, row: Row, number: int, total: int) -> Watch:
        """Row ``number`` of ``total`` is next; the answer is told about each step of its training."""
        ...

    def end(self, outcome: Outcome) -> None:
        """The row is complete or has failed."""
        ...


def reproduce(
    study: Study,
    setup: Setup | None,
    folder: Path,
    observer: Observer,
    only: Collection[str] = (),
) -> Result:
    """Work out what is not complete yet, and write the table after every row.

    Args:
        study: What is reproduced.
        setup: From ``set_up``; ``None`` for a study that needs no data.
        folder: Receives a folder per row and the study's table as ``.md`` and ``.json``; studies may share one.
        observer: Told about every row.
        only: Names of rows, or patterns such as ``g-frtm-*``; the others are not run, and
            nothing is drawn. Empty: all rows.

    Raises:
        SettingsError: A row's folder holds a run with other settings; the differences are named. Or a pattern fits no
            row.
        InputError: Data that cannot be used; nothing else would go better with the other rows.
        WriteError: Disk full; what is complete stays.
    """
    chosen = _chosen(study, only)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    count = study.parameters
    counted = tuple(Outcome(row, {PARAMETERS: count(row)} if count else {}) for row in study.rows)
    result = Result(study, setup, counted)
    for index, outcome in enumerate(_outcomes(result, folder, observer, chosen)):
        before, after = result.outcomes[:index], result.outcomes[index + 1 :]
        result = replace(result, outcomes=(*before, outcome, *after))
        _write(result, folder)
    if study.draw and setup and result.complete and len(chosen) == len(study.rows):
        settings = {row.name: setup.settings(row) for row in study.rows}
        drawing = study.draw(settings, folder, folder / f"{study.name}.png")
        result = replace(result, drawing=drawing)
        _write(result, folder)
    return result


def _chosen(study: Study, only: Collection[str]) -> frozenset[str]:
    names = [row.name for row in study.rows]
    if not only:
        return frozenset(names)
    found = {pattern: fnmatch.filter(names, pattern) for pattern in only}
    for pattern, fitting in found.items():
        if not fitting:
            raise SettingsError(
                f"{study.name} has no row {pattern!r}. Its rows: {', '.join(names)}."
            )
    return frozenset(name for fitting in found.values() for name in fitting)


def _outcomes(
    result: Result, folder: Path, observer: Observer, chosen: Collection[str]
) -> Iterator[Outcome]:
    for number, pending in enumerate(result.outcomes, start=1):
        if result.setup is None:
            yield replace(pending, state="complete")
            continue
        if pending.row.name not in chosen:
            yield replace(pending, state="not run", error=_NOT_CHOSEN)
            continue
        settings = result.setup.settings(pending.row)
        obstacle = result.setup.method.obstacle(settings)
        if obstacle:
            yield replace(pending, state="not run", error=obstacle)
            continue
        watch = observer.begin(pending.row, number, len(result.outcomes))
        outcome = _done(pending, result.setup, folder / pending.row.name, watch)
        observer.end(outcome)
        yield outcome


def _done(pending: Outcome, setup: Setup, folder: Path, watch: Watch) -> Outcome:
    """The outcome of a row; failures that are its own are told, others are raised."""
    try:
        scores = setup.method.scores(setup.settings(pending.row), folder, watch)
    # Diverged, out of memory, a dead worker (all runtime errors), a damaged checkpoint.
    except (RuntimeError, WeightsError) as error:
        return replace(pending, state="failed", error=" ".join(str(error).split()))
    return replace(pending, state="complete", scores={**pending.scores, **scores})


def _write(result: Result, folder: Path) -> None:
    write_bytes(folder / f"{result.study.name}.md", to_markdown(result).encode())
    write_json(folder / f"{result.study.name}.json", to_json(result))
