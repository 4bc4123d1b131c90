"""The command ``segue``: one table of verbs, each imported only when it is chosen."""

import argparse
import difflib
import importlib
import io
import os
import re
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn, TextIO

from segue import __version__
from segue.errors import SegueError, WriteError

INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Verb:
    """One line of the table."""

    module: str
    """Has ``add_arguments(parser)`` and ``run(arguments) -> int``; its docstring is the verb's help."""
    help: str
    actions: bool = False
    """Whether the word after the name chooses an action with arguments of its own."""
    go_on: str = ""
    """How it goes on after an interruption, as a sentence; empty if it begins again."""


_RESUME = "Go on with --resume."
_SAME = "The same command continues."


VERBS: dict[str, Verb] = {
    "track": Verb(
        "segue.app.cli.track", "track the objects of a mask through a video", go_on=_RESUME
    ),
    "find": Verb("segue.app.cli.find", "find the objects of a video without a mask"),
    "mask": Verb("segue.app.cli.mask", "make the mask of a frame by pointing at objects"),
    "label": Verb("segue.app.cli.label", "name the class of every pixel of a video", go_on=_RESUME),
    "correct": Verb(
        "segue.app.cli.correct", "correct results of segue track in place", go_on=_RESUME
    ),
    "convert": Verb(
        "segue.app.cli.convert",
        "write results in another format, or read those of others",
    ),
    "models": Verb("segue.app.cli.models", "list the models, or describe one"),
    "backends": Verb(
        "segue.app.cli.backends", "compare a model's backends, or prepare int8", actions=True
    ),
    "export": Verb("segue.app.cli.export", "write a model as graphs that run elsewhere"),
    "doctor": Verb(
        "segue.app.cli.doctor", "say what this computer has, and what would run where on it"
    ),
    "evaluate": Verb("segue.app.cli.evaluate", "score predicted masks against true masks"),
    "pack": Verb("segue.app.cli.pack", "check and zip predictions for an evaluation server"),
    "train": Verb("segue.app.cli.train", "train a model as a TOML file says", go_on=_SAME),
    "finetune": Verb(
        "segue.app.cli.finetune",
        "make a model better for one video, by a few masks of it",
        go_on=_RESUME,
    ),
    "reproduce": Verb(
        "segue.app.cli.reproduce", "train and score the rows of a published table", go_on=_SAME
    ),
    "data": Verb("segue.app.cli.data", "check a dataset, or write a synthetic one", actions=True),
    "benchmark": Verb(
        "segue.app.cli.benchmark", "measure how long each part takes on this computer"
    ),
    "demo": Verb("segue.app.cli.demo", "track a person in a real clip, offline"),
}

EXIT_CODES = """\
exit codes:
  0    done
  2    an input is wrong: a path, a mask, a setting, a weights file; no object was found; the doctor found a fault
  3    a frame of the video does not decode; everything before it is written
  4    results cannot be written (disk full, read-only); what was written stays
  5    a training, or a row of a reproduced table, cannot continue; the last checkpoint stays
  130  interrupted; to continue: --resume for track, label and finetune, the same command for train and reproduce
"""


class Parser(argparse.ArgumentParser):
    """A parser that says what is wrong in one sentence, without the whole usage."""

    def error(self, message: str) -> NoReturn:
        """Leave with exit code 2."""
        sys.stderr.write(f"segue: error: {message}. See {self.prog} --help.\n")
        raise SystemExit(2)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    _mind_encoding(sys.stdout)
    go_on = "".join(VERBS[name].go_on for name in words[:1] if name in VERBS)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _warn
            return _dispatch(words)
    except SegueError as error:
        _say(
            f"segue: error: {error} {error.option} {go_on if isinstance(error, WriteError) else ''}"
        )
        return error.exit_code
    except KeyboardInterrupt:
        _say(f"segue: interrupted. {go_on}")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output is gone (`segue models | head`); nobody is left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _dispatch(words: Sequence[str]) -> int:
    if not words or words[0] in ("-h", "--help"):
        print(overview(), end="")
        return 0
    if words[0] in ("-V", "--version"):
        print(f"segue {__version__}")
        return 0
    name = words[0]
    if name not in VERBS:
        near = difflib.get_close_matches(name, VERBS, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"choose from {', '.join(VERBS)}."
        _say(f"segue: error: no command {name!r}; {hint} See segue --help.")
        return 2
    # Idle OpenMP threads spin for milliseconds by default. On a computer that is busy otherwise that cost
    # 1600 ms a frame instead of 78; not to spin at all costs a quarter on an idle one (docs/log.md).
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")
    verb = importlib.import_module(VERBS[name].module)
    parser = Parser(
        prog=f"segue {name}",
        description=verb.__doc__,
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    verb.add_arguments(parser)
    # Intermixed, so that key=value settings may stand before, between and after the options.
    parse = parser.parse_args if VERBS[name].actions else parser.parse_intermixed_args
    code: int = verb.run(parse(_values_joined(words[1:])))
    return code


def _values_joined(words: Sequence[str]) -> list[str]:
    """``--click -200,90`` as ``--click=-200,90``: argparse takes a minus for another option."""
    joined: list[str] = []
    for word in words:
        if re.match(r"-\d", word) and joined and re.fullmatch(r"--[a-z-]+", joined[-1]):
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined


def overview() -> str:
    """What ``segue --help`` prints."""
    width = max(map(len, VERBS))
    verbs = "\n".join(f"  {name:{width}}  {verb.help}" for name, verb in VERBS.items())
    return (
        "usage: segue COMMAND ...\n\n"
        "Track objects through videos, on the computer you have.\n\n"
        f"commands:\n{verbs}\n\n"
        "options:\n  -h, --help     this text; segue COMMAND --help for more\n"
        f"  -V, --version  the version\n\n{EXIT_CODES}"
    )


def _mind_encoding(stream: object) -> None:
    """Names of files may hold letters that the screen does not have, as on Windows: escape them, and go on."""
    if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
        stream.reconfigure(errors="backslashreplace")


def _warn(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    _say(f"segue: warning: {message}")


def _say(sentence: str) -> None:
    sys.stderr.write(" ".join(sentence.split()) + "\n")


if __name__ == "__main__":
    sys.exit(main())
