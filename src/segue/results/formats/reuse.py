"""``reuse.png``: a picture of what the reuse gate did, and the share of reused frames."""

from collections.abc import Mapping
from pathlib import Path

from segue.media.frames import DEFAULT_FRAME_RATE
from segue.media.overlay import write_image
from segue.media.reuse_timeline import ReuseOverTime
from segue.results.results import Results, Written
from segue.results.reuse import reuse_rates, reuse_rows


class ReusePicture:
    """A band for each object over time; nothing of a model without a gate."""

    def write(self, results: Results, out: Path) -> Written:
        """See ``Document``; notes the rates. No picture where no frame had anything to reuse."""
        if results.threshold is None:
            return Written()
        rates = reuse_rates(results)
        if not rates:
            return Written(notes={"reuse": rates})
        target = out / "reuse.png"
        write_image(target, _chart(results, results.threshold, rates).draw())
        return Written((target,), {"reuse": rates})


def _chart(results: Results, threshold: float, rates: Mapping[str, float | None]) -> ReuseOverTime:
    frame_seconds = 1 / float(results.frame_rate or DEFAULT_FRAME_RATE)
    times = [round(float(record.time), 6) for record in results.records]
    captions = {name: _caption(name, rate) for name, rate in rates.items()}
    chart = ReuseOverTime(captions, threshold, times[0], times[-1] + frame_seconds)
    for time, record in zip(times, results.records, strict=True):
        for name, one in reuse_rows(results, record).items():
            chart.add(name, time, one.gate, bool(one.reused))
    return chart


def _caption(name: str, rate: float | None) -> str:
    what = f"object {name}" if name.isdecimal() else name
    return what if rate is None else f"{what}: {100 * rate:.1f} % reused"


REUSE = ReusePicture()
