"""Score a folder of predictions against a folder of truth, by a named protocol."""

import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segue.errors import InputError, SettingsError
from segue.evaluation.catalog import find_protocol
from segue.evaluation.interface import EvaluationProtocol, Gathered, Scored
from segue.evaluation.report import Report
from segue.problems import Problem
from segue.workers import end_with_parent

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import Synchronized

_NAMED = 10
"""Problems that an error of a strict run names in full."""


def evaluate(
    predictions: str | Path,
    truth: str | Path,
    protocol: str = "davis2016",
    split: str | None = None,
    *,
    workers: int = 1,
    strict: bool = False,
) -> Report:
    """Scores of predictions; the rules of each protocol are in ``docs/protocols``.

    Args:
        predictions: What a model wrote, in the form the protocol asks for.
        truth: The root of a dataset, or a folder built like ``predictions``.
        protocol: A name from ``PROTOCOLS``.
        split: Which part of a dataset root to score; ``None`` for the protocol's own, mostly ``val``.
        workers: Processes, each with sequences of its own; 1 works in this process. A script that
            asks for more must keep its own work under ``if __name__ == "__main__":``.
        strict: Refuse whatever the default only reports, such as missing or extra frames.

    Raises:
        SettingsError: No such protocol, fewer than one worker, or workers that cannot start.
        NotFoundError: A folder, or all predictions of a sequence, are not there.
        MaskError: A file that cannot be read, or is of another size than the truth; it is named.
        InputError: A strict run found problems; the first ones are named.
    """
    rules = find_protocol(protocol)
    return evaluate_gathered(
        protocol,
        rules,
        rules.gather(Path(predictions), Path(truth), split),
        workers=workers,
        strict=strict,
    )


def evaluate_gathered(
    name: str, rules: EvaluationProtocol, gathered: Gathered, *, workers: int, strict: bool
) -> Report:
    """The second half of ``evaluate``, for callers that want the cases too (pictures of the worst frames)."""
    if workers < 1:
        raise SettingsError(f"Evaluation needs at least 1 worker, got {workers}.")
    if strict:
        _refuse(gathered.problems)
    scored = _score_all(gathered.cases, rules, workers)
    problems = (*gathered.problems, *(p for item in scored for p in item.problems))
    if strict:
        _refuse(problems)
    return Report(name, rules.tables(scored), tuple(scored), problems)


def _refuse(problems: Sequence[Problem]) -> None:
    if problems:
        named = "\n".join(f"  {problem}" for problem in problems[:_NAMED])
        more = f"\n  and {len(problems) - _NAMED} more" if len(problems) > _NAMED else ""
        raise InputError(f"{len(problems)} problems, and none are allowed:\n{named}{more}")


def _score_all(cases: Sequence[Any], rules: EvaluationProtocol, workers: int) -> list[Scored]:
    workers = min(workers, len(cases))
    if workers <= 1:
        return [rules.score(case) for case in cases]
    context = _context()
    taken = context.Value("q", 0)
    try:
        # This process works too: the others take a while to start. The cases travel with the call, by a thread;
        # as an argument of the initializer they would hold up this process until the others can read.
        with ProcessPoolExecutor(
            workers - 1, mp_context=context, initializer=_begin_worker, initargs=(taken,)
        ) as pool:
            others = [pool.submit(_work_along, rules, cases) for _ in range(workers - 1)]
            scored = _take_turns(rules, cases, taken)
            for other in others:
                scored |= other.result()
    except BrokenProcessPool:
        raise SettingsError(
            f"The {workers} worker processes ended early. Call evaluate under "
            'if __name__ == "__main__": in a script file, or with workers=1.'
        ) from None
    return [scored[number] for number in range(len(cases))]


def _context() -> BaseContext:
    """How processes start: forked if this one has no threads that could be in the middle of something, else spawned.

    A forked process works at once, a spawned one imports for a quarter of a second first.
    """
    threaded = threading.active_count() > 1 or sys.modules.keys() & {"torch", "cv2"}
    return get_context("fork" if sys.platform == "linux" and not threaded else "spawn")


def _take_turns(
    rules: EvaluationProtocol, cases: Sequence[Any], taken: "Synchronized[int]"
) -> dict[int, Scored]:
    """What this process scored, by number of the case; whoever is free takes the next one."""
    scored: dict[int, Scored] = {}
    try:
        while (number := _next(taken)) < len(cases):
            scored[number] = rules.score(cases[number])
    except BaseException:
        taken.value = len(cases)  # nobody need go on
        raise
    return scored


def _next(taken: "Synchronized[int]") -> int:
    with taken.get_lock():
        number = taken.value
        taken.value += 1
    return number


_taken: "Synchronized[int] | None" = None
"""In a worker process: how many cases have been taken by all of them."""


def _begin_worker(taken: "Synchronized[int]") -> None:
    global _taken
    _taken = taken
    end_with_parent()


def _work_along(rules: EvaluationProtocol, cases: Sequence[Any]) -> dict[int, Scored]:
    assert _taken is not None
    return _take_turns(rules, cases, _taken)
