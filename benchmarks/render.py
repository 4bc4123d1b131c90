"""Turn ``benchmarks/results/*.json`` into ``docs/benchmarks.md``.

python benchmarks/render.py
"""

import json
from pathlib import Path
from typing import Any

from record import RESULTS
from render_models import comparison, lookalikes, read_rows
from scatter import draw
from tables import origin, table

from segue.models.catalog import MODELS

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
PLACES = {
    "quality": (PAGE.with_name("speed.md"), "<!-- presets -->"),
    "backends": (PAGE.with_name("runtime.md"), "<!-- runtime -->"),
}
"""Result -> the page that shows its table, and what stands before the place; after it stands ``END``."""
END = "<!-- end -->"
PUBLISHED = {
    "STM": 87.0,
    "OSVOS-S": 86.2,
    "RGMP": 80.6,
    "FEELVOS": 78.2,
    "OSVOS": 77.8,
    "OSMN": 77.3,
    "SiamMask": 67.7,
    "BVS": 63.4,
}
"""J&F of published masks on the same ten sequences, scored by the same code or its official equal."""


def quality(record: dict[str, Any]) -> str:
    """J&F by sequence, the published methods, and the time of the same run."""
    run = record["results"]["balanced"]
    columns = ["J&F", "J", "F", "J_decay"]
    rows = [
        [name, *(f"{row[c]:.1f}" for c in columns)]
        for name, row in [
            *run["evaluation"]["rows"].items(),
            ("**mean**", run["evaluation"]["summary"]),
        ]
    ]
    others = ", ".join(f"{name} {value}" for name, value in PUBLISHED.items())
    spent = [[k.replace("_", " "), f"{v:.1f}"] for k, v in run["run_ms"].items() if k != "fps"]
    frames = sum(video["frames"] for video in run["videos"].values())
    return "\n\n".join(
        [
            f"## Quality: `{record['settings']['model']}` on {record['settings']['root']}",
            table(["sequence", *(c.replace("_", " ") for c in columns)], rows),
            f"J&F of published methods on the same ten sequences: {others}.",
            f"Where the time of that run went, ms per frame ({frames} frames; decoding, network and "
            "writing overlap, `wait` is what the network waited for the others):",
            table(["part", "ms per frame"], spent),
            origin(record),
        ]
    )


def presets(record: dict[str, Any]) -> str:
    """J&F and speed by preset."""
    rows = []
    for name, run in record["results"].items():
        options = " ".join(record["settings"]["runs"][name]) or "(the default)"
        summary, ms = run["evaluation"]["summary"], run["network_ms"]
        counts = run["frames"]
        later = counts.get("computed", 0) + counts.get("reused", 0)
        cells = [f"{summary[c]:.1f}" for c in ("J&F", "J", "F")]
        cells += [f"{run['run_ms']['fps']:.1f}", f"{100 * counts.get('reused', 0) / later:.0f} %"]
        cells += [f"{ms[k]['total']:.1f}" if k in ms else "-" for k in ("computed", "reused")]
        rows.append([f"`{options}`", *cells, f"{run['peak_memory_mib']:.0f}"])
    head = ["options", "J&F", "J", "F", "fps", "reused", "computed ms", "reused ms", "peak MiB"]
    return "\n\n".join([table(head, rows), origin(record)])


def backends(record: dict[str, Any]) -> str:
    """J&F and speed by backend, with and without the gate; ratios to torch with the same gate."""
    runs = record["results"]
    rows = []
    for name, run in runs.items():
        reference = runs.get(f"torch, {name.partition(', ')[2]}", run)
        rows.append(
            [
                name.replace("-", " "),
                *(f"{run[score]:.2f}" for score in ("J&F", "J", "F")),
                f"{run['fps']:.1f}",
                f"{run['network_ms']:.1f}",
                f"{reference['network_ms'] / run['network_ms']:.2f}",
                f"{run['first_frame_ms']:.0f}",
                f"{run['model_load_s']:.2f}",
            ]
        )
    head = [
        "backend",
        "J&F",
        "J",
        "F",
        "fps",
        "network ms",
        "times torch",
        "first frame ms",
        "load s",
    ]
    sequences = record["settings"]["sequences"]
    of = f" ({', '.join(sequences)} only)" if sequences else ""
    told = f"{record['settings']['root']}{of}, {next(iter(runs.values()))['frames']} frames."
    return "\n\n".join([told, table(head, rows), origin(record)])


def speed(title: str, record: dict[str, Any]) -> str:
    """First frame and steady frames of each model, and ratios to the first."""
    results = record["results"]
    models = results["models"]
    reference = next(iter(models.values()))
    rows = [
        [
            name,
            f"{m['first_frame_ms']:.0f}",
            f"{m['first_frame_ms'] / reference['first_frame_ms']:.1f}",
            f"{m['frame_ms']['median']:.0f}",
            f"{m['frame_ms']['mean']:.0f}",
            f"{m['frame_ms']['median'] / reference['frame_ms']['median']:.1f}",
            f"{m['frame_ms']['mean'] / reference['frame_ms']['mean']:.1f}",
        ]
        for name, m in models.items()
    ]
    head = ["model", "first ms", "ratio", "median ms", "mean ms", "ratio (median)", "ratio (mean)"]
    height, width = results["size"]
    parts = [f"## {title}", f"{height}x{width}, {record['settings']['frames']} frames."]
    parts.append(table(head, rows))
    if "one_object" in results:
        alone = results["one_object"]
        ratios = [
            [
                name,
                f"{alone[name]['frame_ms']['median']:.0f}",
                f"{models[name]['frame_ms']['median']:.0f}",
                f"{models[name]['frame_ms']['mean'] / alone[name]['frame_ms']['mean']:.2f}",
            ]
            for name in models
        ]
        parts.append("All objects against one of them, in the same process:")
        parts.append(table(["model", "1 object ms", "all ms", "ratio (mean)"], ratios))
    border = results["border"]
    decode, wrote = border["decode_ms"]["median"], border["write_mask_ms"]["median"]
    parts.append(f"Apart from that: decoding {decode} ms, writing a mask {wrote} ms per frame.")
    return "\n\n".join([*parts, origin(record)])


def objects(found: dict[str, Any]) -> str:
    """Several objects against one."""
    rows = []
    for record in found.values():
        clip = record["settings"]["video"] or "synthetic, 480x854"
        for what, result in record["results"].items():
            one, several = result["one"], result["several"]
            cells = [clip, what, result["objects"], one["mean_ms"], several["mean_ms"]]
            reused = f"{100 * one['reused']:.0f} %", f"{100 * several['reused']:.0f} %"
            rows.append([*cells, result["times_as_long"], *reused])
    head = [
        "clip",
        "frames",
        "objects",
        "1 object ms",
        "all ms",
        "ratio",
        "reused, 1",
        "reused, all",
    ]
    return "\n\n".join(
        [
            "## Many objects",
            "Mean milliseconds per frame of `segue-lite`, the largest object against several, in turn on the same "
            "frames; with the reuse gate at its default, and with every frame computed:",
            table(head, rows),
            origin(next(iter(found.values()))),
        ]
    )


def memory(record: dict[str, Any]) -> str:
    """Resident memory by frame."""
    results = record["results"]
    rows = [[frame, mib] for frame, mib in results["resident_mib"].items()]
    return "\n\n".join(
        [
            "## Memory of a long video",
            table(["frame", "resident MiB"], rows),
            f"Growth from frame 200 to the last: {results['growth_mib_200_to_last']} MiB.",
            origin(record),
        ]
    )


def evaluation(found: dict[str, Any]) -> str:
    """The evaluator against the official tools, whichever were measured."""
    rows = []
    if "jf" in found:
        jf = found["jf"]["results"]
        ms, ratios = (
            jf["one_process"]["processor_ms_per_frame"],
            jf["one_process"]["times_faster_than"],
        )
        for name, told in (
            ("scikit_image", "J and F, dilation by scikit-image"),
            ("opencv", "J and F, dilation by OpenCV"),
            ("scikit_image_reading", "the same with reading, scikit-image"),
            ("opencv_reading", "the same with reading, OpenCV"),
            ("whole_sequence_reading", "the same, reading as the official tool does"),
        ):
            own = "ours_reading" if name.endswith("reading") else "ours"
            rows.append([told, f"{ms[own]:.2f}", f"{ms[name]:.2f}", ratios[name]])
    if "iou" in found:
        for kind, result in found["iou"]["results"].items():
            for part, told in (("without_reading", ""), ("with_reading", ", with reading")):
                r = result[part]
                what = f"IoU 1024x2048, {kind} maps{told}, cityscapesscripts"
                rows.append([what, r["segue_ms"], r["official_ms"], r["ratio"]])
    if "mots" in found:
        r = found["mots"]["results"]
        what = "HOTA, CLEAR, Identity of 300 frames x 10 objects, with reading, trackeval"
        ms = r["median_ms"]
        rows.append([what, ms["segue"], ms["trackeval"], r["times_faster"]])
    parts = [
        "## Evaluation",
        "Milliseconds (a pair of masks, or the whole set for MOTS), same run, equal values:",
        table(["what, against", "segue", "reference", "times faster"], rows),
    ]
    if "jf" in found:
        processes, memory = jf["processes"], jf["memory"]
        parts.append(
            f"All published masks in one evaluation: {processes['seconds']['1']} s with one process, "
            f"{processes['seconds']['2']} s with two ({processes['times_faster_with_2']} times faster). "
            f"Peak memory with 100 and 1000 frames: {memory['peak_mib_by_frames']['100']} and "
            f"{memory['peak_mib_by_frames']['1000']} MiB."
        )
        parts.append(origin(found["jf"]))
    return "\n\n".join(parts)


def training(found: dict[str, Any]) -> str:
    """Clips prepared and learned from, and processes, whichever were measured."""
    parts = ["## Training"]
    if "training-clips" in found:
        record = found["training-clips"]
        rows = [
            [name, r["prepared_clips_per_s"], r["learned_clips_per_s"], r["ratio"]]
            for name, r in record["results"].items()
        ]
        parts.append(
            f"The data: {_clips(record)}, with every augmentation: prepared from the files by one worker process, "
            "against the loop's own rate with one thread:"
        )
        parts.append(table(["model", "prepared clips/s", "learned clips/s", "ratio"], rows))
        parts.append(origin(record))
    if "training-processes" in found:
        record = found["training-processes"]
        rates = record["results"]["steps_per_s"]
        parts.append(
            f"temporal-unet, {record['settings']['clips_per_step']} clips a step ({_clips(record)}), "
            f"over gloo: {rates['1']} steps/s with one process, {rates['2']} with two "
            f"({record['results']['times_faster_with_2']} times faster), one thread each."
        )
        parts.append(origin(record))
    return "\n\n".join(parts)


def _clips(record: dict[str, Any]) -> str:
    clips, settings = record["settings"]["clips"], record["settings"]
    height, width = clips["size_hw"]
    return (
        f"clips of {clips['length']} frames of {settings['root']}, {height}x{width}, "
        f"{settings['loop']['precision']}"
    )


def main() -> None:
    """Write the page from the results that are there."""
    found = {path.stem: json.loads(path.read_text()) for path in sorted(RESULTS.glob("*.json"))}
    parts = [
        "# Benchmarks",
        "Made by `python benchmarks/render.py` from `benchmarks/results/`. Times on a shared machine "
        "drift; ratios are from one run in which the models take turns frame by frame. Models without "
        "shipped weights run with random ones: their speed is real, their masks are not.",
    ]
    if "quality" in found:
        parts.append(quality(found["quality"]))
    if "speed" in found:
        parts.append(speed("Speed, one object", found["speed"]))
    crowds = {name: found[name] for name in ("objects", "objects-real") if name in found}
    if crowds:
        parts.append(objects(crowds))
    alike = {name: record for name, record in found.items() if name.startswith("lookalikes")}
    if alike:
        parts.append(lookalikes(alike))
    rows = read_rows(RESULTS / "compare", list(MODELS))
    if rows:
        picture = PAGE.parent / "images" / "compare.png"
        parts.append(comparison(rows, f"images/{picture.name}"))
        draw(rows, picture)
    if "memory" in found:
        parts.append(memory(found["memory"]))
    if {"training-clips", "training-processes"} & found.keys():
        parts.append(training(found))
    if {"jf", "iou", "mots"} & found.keys():
        parts.append(evaluation(found))
    PAGE.write_text("\n\n".join(parts) + "\n")
    if "quality-one-thread" in found:
        found["quality"]["results"] |= found["quality-one-thread"]["results"]
    for name, shown in (("quality", presets), ("backends", backends)):
        if name in found:
            _fill(*PLACES[name], shown(found[name]))


def _fill(page: Path, begin: str, text: str) -> None:
    """Put a text into its place on a page."""
    before, _, rest = page.read_text().partition(begin)
    after = rest.partition(END)[2]
    page.write_text(f"{before}{begin}\n\n{text}\n\n{END}{after}")


if __name__ == "__main__":
    main()
