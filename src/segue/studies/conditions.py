"""What kept numbers depend on: numbers of other conditions are refused, not mixed in."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from segue.errors import SettingsError


def refuse_others(folder: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Nothing happens where the conditions are the same.

    Args:
        folder: Holds the numbers.
        before: What they depend on, as plain values.
        now: What new ones would depend on.

    Raises:
        SettingsError: Something differs; it is named.
    """
    changed = [
        f"{key} was {before.get(key)}, now {now.get(key)}"
        for key in {**before, **now}
        if before.get(key) != now.get(key)
    ]
    if changed:
        raise SettingsError(
            f"{folder} holds numbers of other settings: {'; '.join(changed[:5])}. Give another folder, or the same "
            "settings to go on."
        )
