"""Problems on standard error: counted by kind, the first of each kind in full."""

from collections.abc import Sequence

from rich.console import Console

from segue.problems import Problem, count_by_kind

_NAMED = 3


def say_problems(problems: Sequence[Problem], hint: str = "") -> None:
    """How many of each kind there are, and the first three of each; nothing if there are none.

    Args:
        problems: What was found.
        hint: Where all of them can be read; said only where some are left out.
    """
    console = Console(stderr=True, markup=False, highlight=False, soft_wrap=True)
    for kind, count in count_by_kind(problems).items():
        found = [problem for problem in problems if problem.kind == kind]
        console.print(f"{kind}: {count}")
        for problem in found[:_NAMED]:
            console.print(f"  {problem}")
        if count > _NAMED:
            console.print(f"  and {count - _NAMED} more{hint}")
