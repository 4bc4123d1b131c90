"""Everything that Segue raises on purpose.

Each error is also the builtin it refines, so ``except ValueError`` keeps working. A message says what was expected,
what came (with value and place) and what to do now.

    SegueError
    ├── InputError(ValueError)            something the user gave is wrong: exit code 2
    │   ├── MaskError                     a mask file, or masks that do not fit together
    │   ├── SettingsError                 an unknown key, a value out of range
    │   ├── OutputError                   the output folder holds results, or cannot be written
    │   ├── NothingFoundError             no object was found in a video of which no mask was given
    │   └── WeightsError                  a weights file that is foreign, damaged or for another model
    ├── NotFoundError(FileNotFoundError)  no such file or folder: exit code 2
    ├── VideoError(OSError)               a source that cannot be opened or decoded: exit code 2
    │   └── DecodeError                   a frame in the middle does not decode: exit code 3, earlier results stay
    │       └── StalledError(TimeoutError)    a live stream from which nothing comes any more
    ├── WriteError(OSError)               disk full or read-only while writing: exit code 4, earlier results stay
    └── TrainingError(RuntimeError)       a training that cannot go on: exit code 5, the last checkpoint stays
        └── DivergedError                 its loss is not a number
"""


class SegueError(Exception):
    """Base of every error that Segue raises on purpose.

    Args:
        message: What was expected, what came, and what to do now, in words that a caller from Python understands.
        option: The same cure as an option of the command line, as one sentence; only the command line prints it.
    """

    exit_code = 2

    def __init__(self, message: str = "", *, option: str = "") -> None:
        super().__init__(message)
        self.option = option


class InputError(SegueError, ValueError):
    """Something the user gave is wrong."""


class MaskError(InputError):
    """A mask that cannot be used, or masks that do not fit together."""


class SettingsError(InputError):
    """A setting that is unknown, of the wrong type or out of range."""


class OutputError(InputError):
    """An output folder that already holds results or cannot be used."""


class FormatError(InputError):
    """A file that is not of the format expected, or results that a format cannot hold."""


class WeightsError(InputError):
    """A weights file that is foreign, damaged or made for another model."""


class NothingFoundError(InputError):
    """A video in which no object was found, where one was to be found without a mask."""


class NotFoundError(SegueError, FileNotFoundError):
    """A file or folder that does not exist."""


class VideoError(SegueError, OSError):
    """A source that cannot be opened or holds no frames."""


class DecodeError(VideoError):
    """A frame in the middle of a source that does not decode; what came before it is valid."""

    exit_code = 3


class StalledError(DecodeError, TimeoutError):
    """A live stream from which no frame came in time; what came before it is valid."""


class WriteError(SegueError, OSError):
    """Results that could not be written (disk full, read-only folder); what was written stays."""

    exit_code = 4


class TrainingError(SegueError, RuntimeError):
    """A training that cannot go on, such as when a worker process died; the last checkpoint stays."""

    exit_code = 5


class DivergedError(TrainingError, ArithmeticError):
    """A training loss that is not a number."""


class CancelledError(SegueError):
    """A run was stopped on request; what was answered is stored, and the run can be resumed."""
