"""The method of these studies: a trained model is run over a dataset, timed, and scored by the dataset's protocol."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import torch

from segue.errors import SettingsError
from segue.evaluation.catalog import find_protocol
from segue.evaluation.interface import EvaluationProtocol, Scored
from segue.evaluation.protocols.youtube_vos import SeenTally
from segue.files import write_json
from segue.metrics.tally import Curve
from segue.studies.reuse_gate.clip import Clip, read_clips
from segue.studies.reuse_gate.hosts import fingerprints, load_host, missing_weights
from segue.studies.reuse_gate.passage import Oracle, Passage, go_through, warm_up
from segue.studies.reuse_gate.settings import MeasureSettings
from segue.studies.reuse_gate.trained import learn, missing_footage
from segue.studies.study import Values
from segue.training.loop import Watch

PROTOCOLS = {
    "davis2016": "davis2016",
    "davis2017": "davis2017",
    "youtube-vos-2018": "youtube-vos",
    "youtube-vos-2019": "youtube-vos",
}
"""How each layout is scored."""
SCORES = "scores.json"
_BOOK = "sequences.json"


class Measuring:
    """Every row is a model with its gate set in one way; each sequence of it is kept as soon as it is done."""

    def settings(self, values: Values) -> MeasureSettings:
        """See ``Method.settings``."""
        return MeasureSettings.parse(values)

    def obstacle(self, settings: MeasureSettings) -> str:
        """See ``Method.obstacle``; a row of published numbers alone needs nothing."""
        if not settings.model:
            return ""
        return missing_weights(settings) or missing_footage(settings)

    def scores(self, settings: MeasureSettings, folder: Path, watch: Watch) -> Mapping[str, float]:
        """See ``Method.scores``; J, F and rates in [0, 1], times in milliseconds.

        Raises:
            WeightsError: Weights that are damaged or do not fit.
        """
        if not settings.model:
            return {}
        settings = learn(settings, folder, watch)
        book = _open(folder, settings)
        clips = read_clips(settings.data)
        rules = find_protocol(PROTOCOLS[settings.data.layout])
        waiting = [clip for clip in clips if clip.name not in book["sequences"]]
        for name, record in _measured(waiting, settings, rules):
            book["sequences"][name] = record
            write_json(folder / _BOOK, book)
        records = {clip.name: book["sequences"][clip.name] for clip in clips}
        scores = {**summary(records, rules, settings.data.layout), "threads": book["threads"]}
        write_json(folder / SCORES, scores)
        return scores


def _open(folder: Path, settings: MeasureSettings) -> dict[str, Any]:
    """What is known of a row."""
    now = {
        "settings": _without_weights(settings),
        "weights": fingerprints(settings),
        "threads": torch.get_num_threads(),
    }
    path = folder / _BOOK
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        return {**now, "sequences": {}}
    book: dict[str, Any] = json.loads(path.read_text())
    changed = [
        f"{key} was {before}, now {after}"
        for key, before, after in _pairs({k: book[k] for k in now}, now)
        if before != after
    ]
    if changed:
        raise SettingsError(
            f"{folder} holds numbers of other settings: {'; '.join(changed[:5])}. Give another "
            "folder, or the same settings to go on."
        )
    return book


def _without_weights(settings: MeasureSettings) -> dict[str, Any]:
    """Weights are told apart by what is in them, not by where they lie."""
    return settings.model_dump(mode="json", exclude={"weights"})


def _pairs(before: Any, after: Any, name: str = "") -> Iterator[tuple[str, Any, Any]]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in {**before, **after}:
            yield from _pairs(before.get(key), after.get(key), f"{name}.{key}" if name else key)
    else:
        yield name, before, after


def _measured(
    clips: list[Clip], settings: MeasureSettings, rules: EvaluationProtocol
) -> Iterator[tuple[str, dict[str, Any]]]:
    if not clips:
        return
    # A training before may have left it at one; the flow of the propagator uses it.
    cv2.setNumThreads(torch.get_num_threads())
    oracle = Oracle() if settings.gate == "oracle" else None
    model = load_host(settings, oracle)
    warm_up(model, clips[0], oracle)
    for clip in clips:
        with TemporaryDirectory() as folder:
            masks = Path(folder)
            passage = go_through(model, clip, masks, oracle)
            scored = rules.score(clip.beside(masks))
        yield clip.name, {"passage": asdict(passage), "tally": _plain(scored.tally)}


def summary(
    records: Mapping[str, Mapping[str, Any]], rules: EvaluationProtocol, layout: str
) -> dict[str, float]:
    """The numbers of a row from those of its sequences."""
    scored = [Scored(name, _tally(record["tally"]), 0) for name, record in records.items()]
    table = rules.tables(scored)[0].summary
    scores = {name: value / 100 for name, value in table.items() if value is not None}
    scores[layout] = scores["J&F"]
    passages = [_passage(record["passage"]) for record in records.values()]
    return {**scores, **_rates(passages)}


def _rates(passages: list[Passage]) -> dict[str, float]:
    seconds = [s for p in passages for s in p.seconds]
    computed = [c for p in passages for c in p.computed]
    asked = sum(p.asked for p in passages)
    rates = {
        "fps": len(seconds) / sum(seconds),
        "reuse": sum(p.reused for p in passages) / asked,
        "start_ms": 1000 * median(p.start_seconds for p in passages),
    }
    for name, kind in (("computed_ms", True), ("reused_ms", False)):
        own = [s for s, c in zip(seconds, computed, strict=True) if c is kind]
        if own:
            rates[name] = 1000 * median(own)
    return rates


def _plain(tally: Any) -> dict[str, Any]:
    curves = tally.curves if isinstance(tally, SeenTally) else tally
    seen = dict(tally.seen) if isinstance(tally, SeenTally) else None
    return {"curves": {key: asdict(curve) for key, curve in curves.items()}, "seen": seen}


def _tally(plain: Mapping[str, Any]) -> Any:
    curves = {int(key): _curve(curve) for key, curve in plain["curves"].items()}
    if plain["seen"] is None:
        return curves
    return SeenTally(curves, {int(key): seen for key, seen in plain["seen"].items()})


def _curve(plain: Mapping[str, Any]) -> Curve:
    return Curve(tuple(plain["region"]), tuple(plain["boundary"]), plain["start"])


def _passage(plain: Mapping[str, Any]) -> Passage:
    rows = {key: tuple(plain[key]) for key in ("seconds", "computed")}
    return Passage(**{**plain, **rows})
