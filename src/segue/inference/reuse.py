"""What the reuse gate saved: how long computed and reused frames take."""

from segue.types import Prediction


class Pace:
    """Mean time of computed and of reused frames; a frame is reused if all its objects are."""

    def __init__(self) -> None:
        self._laps: dict[str, tuple[float, int]] = {}

    def add(self, prediction: Prediction, seconds: float) -> None:
        """Take one frame; one of a model without a gate changes nothing."""
        said = [score.reused for score in prediction.scores.values()]
        if said and None not in said:
            kind = "reused" if all(said) else "computed"
            total, count = self._laps.get(kind, (0.0, 0))
            self._laps[kind] = total + seconds, count + 1

    def means(self) -> dict[str, float | None]:
        """Milliseconds by kind, for ``run.json``; empty without a gate, ``None`` for a kind that did not occur."""
        if not self._laps:
            return {}
        laps = {kind: self._laps.get(kind) for kind in ("computed", "reused")}
        return {
            f"network_{kind}_ms": round(1000 * lap[0] / lap[1], 3) if lap else None
            for kind, lap in laps.items()
        }
