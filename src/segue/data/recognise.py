"""Which layout a folder has, by its looks, and the sentence for one that was called by a wrong name."""

from pathlib import Path

from segue.data.catalog import LAYOUTS, find_layout
from segue.data.check import visible


def recognise(root: Path) -> list[str]:
    """Names of the layouts that a folder may have, in the order of the table; empty if it looks like none."""
    return [name for name in LAYOUTS if _looks_like(root, name)]


def explain_wrong_layout(root: Path, said: str) -> str:
    """A sentence if a folder looks like another layout than was said, or the right one lies next to it; else "".

    Raises:
        SettingsError: No layout has the name that was said.
    """
    find_layout(said)
    found = recognise(root)
    if said in found:
        return ""
    if found:
        return f"{root} looks like {found[0]}, you said {said}."
    for folder in (*visible(root), root.parent):
        if _looks_like(folder, said):
            return f"{folder} looks like {said}: give that folder."
    return ""


def _looks_like(root: Path, name: str) -> bool:
    try:
        return root.is_dir() and find_layout(name).recognise(root)
    except OSError:
        return False
