"""The table of studies: name -> the record of the study. To add one: a file in this folder, a line here."""

import importlib
from typing import cast

from segue.evaluation.studies.study import Study
from segue.settings import look_up

STUDIES: dict[str, str] = {
    "temporal-unet-table2": "segue.evaluation.studies.temporal_unet:TABLE_2",
    "temporal-unet-table3": "segue.evaluation.studies.temporal_unet:TABLE_3",
    "temporal-unet-figure3": "segue.evaluation.studies.temporal_unet:FIGURE_3",
}


def find_study(name: str) -> Study:
    """The study of a name.

    Raises:
        SettingsError: There is none; the message names the nearest.
    """
    module, _, attribute = look_up(STUDIES, "study", name).partition(":")
    return cast(Study, getattr(importlib.import_module(module), attribute))
