"""``--model DIR``: the folder of an export in the place of a model's name."""

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segue.errors import InputError

if TYPE_CHECKING:
    from segue.app.engine import Engine
    from segue.exporting.loading import Export


def choose_model(arguments: argparse.Namespace) -> None:
    """Where ``--model`` is a folder, read which model was exported there; all else then goes by the model's name.

    Raises:
        NotFoundError: The folder is no export.
        WeightsError: It is damaged, incomplete, or of a newer format.
        InputError: Options that do not go with an export.
    """
    from segue.exporting.loading import is_export, open_export

    arguments.exported = None
    if not is_export(arguments.model):
        return
    export = open_export(Path(arguments.model))
    if arguments.weights:
        raise InputError(
            f"--weights {arguments.weights}: the weights are in the graphs of {export.folder}. Leave it out."
        )
    if vars(arguments).get("finetune"):
        raise InputError(
            f"--finetune needs weights that can learn, and {export.folder} holds graphs. Give --model "
            f"{export.manifest.model}."
        )
    if arguments.device != "cpu":
        raise InputError(
            f"--device {arguments.device}: the graphs of {export.folder} compute on the CPU. Leave it out, or give "
            f"--model {export.manifest.model}."
        )
    arguments.exported, arguments.model = export, export.manifest.model


def with_export(arguments: argparse.Namespace, engine: "Engine") -> "Engine":
    """The engine that computes with the export that was chosen, if there is one.

    Its graphs are tried first, once on each computer. Where one fails, the model of this installation computes, if its
    weights are those that were exported.

    Raises:
        SettingsError: A setting that the export has decided; or what computes the graphs is not installed.
        WeightsError: A graph fails its probe, and nothing can stand in.
    """
    from segue.exporting.loading import failed_probes, refusal, replacement, stand_in

    export: Export | None = vars(arguments).get("exported")
    if export is None:
        return engine
    settings = export.settings(engine.settings)
    used = replace(engine, export=export.folder, settings=settings)
    if engine.plan_only:
        return used
    failed = failed_probes(export)
    if not failed:
        return used
    weights = stand_in(export)
    if weights is None:
        raise refusal(export, failed)
    instead: Mapping[str, Any] = {**settings, "backend": "torch"}
    doubts = (*engine.doubts, replacement(export, failed))
    return replace(engine, weights=weights, settings=instead, doubts=doubts)
