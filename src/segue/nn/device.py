"""Which processors this computer has."""

import torch

from segue.errors import SettingsError


def check_device(name: str) -> None:
    """Refuse a device that this computer does not have.

    Raises:
        SettingsError: The message names the device and what there is.
    """
    kind, _, number = name.partition(":")
    there = {"cpu": 1, "cuda": torch.cuda.device_count(), "mps": torch.backends.mps.is_available()}
    index = int(number) if number.isdecimal() else 0
    if index >= there.get(kind, 0) or (number and not number.isdecimal()):
        known = ", ".join(kind for kind, count in there.items() if count)
        raise SettingsError(f"No device {name!r} on this computer. There is: {known}.")
