"""Files that a command is asked to write, looked at before the work begins."""

from pathlib import Path

from segue.errors import InputError, NotFoundError


def check_target(option: str, target: Path | None, suffix: str) -> None:
    """Refuse a file name that cannot be what was meant, or whose folder is not there.

    Args:
        option: For the message, such as ``--csv``.
        target: What was given; ``None`` passes.
        suffix: What the name must end in, such as ``.csv``.

    Raises:
        InputError: Another ending, or a folder of that name.
        NotFoundError: The folder to write in is not there.
    """
    if target is None:
        return
    if target.suffix.lower() != suffix:
        raise InputError(
            f"{option} takes a file name that ends in {suffix}, got {str(target)!r}. Give one, such as "
            f"{target.with_suffix(suffix).name}."
        )
    if target.is_dir():
        raise InputError(f"{option} {target} is a folder, expected a file. Give another name.")
    if not target.parent.is_dir():
        raise NotFoundError(
            f"No folder {target.parent} to write {target.name} in. Make it, or give another {option}."
        )
