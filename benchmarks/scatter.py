"""The picture of ``compare.py``: J&F over milliseconds per frame, one panel with one object, one with several."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

PANELS = {"one": "one object", "several": "{objects} objects"}


def draw(rows: Mapping[str, Mapping[str, Any]], picture: Path) -> None:
    """Write the picture; points of one model are joined, from its fastest preset to its slowest.

    Args:
        rows: Documents of ``compare.py`` by name.
        picture: A PNG file.
    """
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, len(PANELS), figsize=(6 * len(PANELS), 4.5))
    models = dict.fromkeys(row["settings"]["model"] for row in rows.values())
    for axis, (half, title) in zip(axes, PANELS.items(), strict=True):
        axis.grid(alpha=0.3)
        axis.set_axisbelow(True)
        for model in models:
            own = [row for row in rows.values() if row["settings"]["model"] == model]
            points = sorted(
                (r["results"][half]["pipeline_ms"], r["results"][half]["J&F"]) for r in own
            )
            axis.plot(*zip(*points, strict=True), marker="o", label=model)
            for row in own:
                place = row["results"][half]["pipeline_ms"], row["results"][half]["J&F"]
                axis.annotate(
                    row["settings"]["preset"],
                    place,
                    xytext=(4, 4),
                    textcoords="offset points",
                    fontsize=8,
                )
        objects = next(iter(rows.values()))["results"][half]["objects"]
        axis.set_title(title.format(objects=objects))
        axis.set_xlabel("milliseconds per frame, decoding and writing included")
        axis.set_ylabel("J&F")
    axes[0].legend()
    figure.tight_layout()
    figure.savefig(picture, dpi=110, format="png")
    plt.close(figure)
