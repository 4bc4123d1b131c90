"""Say what this computer has, what would run where, and what is wrong: what a report of a bug needs.

$ segue doctor
$ segue doctor --json doctor.json
$ segue doctor exports/segue-lite

With folders of segue export, their files are compared with their digests and their probes are computed. Nothing is
sent or fetched. The exit code is 2 if something is wrong.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from segue.app.cli.output import STDOUT, add_json_argument, check_json_target, write_document

if TYPE_CHECKING:
    from segue.measure.doctor.machine import Machine, Pool
    from segue.measure.doctor.report import Report
    from segue.measure.doctor.software import Software

WRONG = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``segue doctor``."""
    parser.usage = "segue doctor [EXPORT ...] [--json [FILE.json]]"
    parser.add_argument(
        "exports", nargs="*", type=Path, metavar="EXPORT", help="folders that segue export wrote"
    )
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Look, and tell."""
    check_json_target(arguments.json)
    from segue.app.model_sizes import shipped_sizes
    from segue.measure.doctor.report import examine
    from segue.models.catalog import MODELS

    settings = {name: (shipped_sizes(name) or {}).get("settings", {}) for name in MODELS}
    report = examine(settings, arguments.exports)
    if arguments.json:
        write_document(report.to_json(), arguments.json)
    if arguments.json != STDOUT:
        print(*lines(report), sep="\n")
    return WRONG if report.problems else 0


def lines(report: "Report") -> Iterator[str]:
    """The report as it stands on the screen."""
    yield from _machine_lines(report.machine)
    yield from _software_lines(report.software)
    for title, models in _by_place(report).items():
        yield from _row(title, ", ".join(models))
    for export in report.exports:
        told = ", ".join(f"{graph} {apart:.1e}" for graph, apart in export.graphs.items())
        about = f"{export.model}, {export.precision}: {told}" if export.model else "not usable"
        yield from _row("export", f"{export.folder}: {about}")
    for sentence in report.notes:
        yield f"note: {sentence}"
    for sentence in report.problems:
        yield f"wrong: {sentence}"
    if not report.problems:
        yield "Nothing is wrong."


def _machine_lines(machine: "Machine") -> Iterator[str]:
    processor, cache = machine.processor, machine.cache
    yield from _row("system", machine.system)
    yield from _row("python", machine.python)
    yield from _row(
        "processor", f"{processor.name}, {processor.processors} to be used by this process"
    )
    if processor.flags is not None:
        has = [name for name, there in processor.flags.items() if there]
        lacks = [name for name, there in processor.flags.items() if not there]
        yield from _row("instructions", f"{', '.join(has)}; not {', '.join(lacks)}")
    yield from _row("threads", _pools(machine.pools))
    yield from _row("  in a run", _pools(machine.owned))
    if machine.variables:
        yield from _row("variables", " ".join(f"{k}={v}" for k, v in machine.variables.items()))
    for room in machine.rooms:
        name = "memory" if room.what == "memory" else "disk"
        yield from _row(name, f"{_size(room.free_bytes)} free of {_size(room.total_bytes)}")
    state = "" if cache.writable else ", cannot be written"
    size = _size(cache.bytes)
    yield from _row("cache", f"{cache.folder}: {cache.files} files, {size}{state}")


def _software_lines(software: "Software") -> Iterator[str]:
    told = [f"{name} {version or 'not installed'}" for name, version in software.versions.items()]
    yield from _row("versions", ", ".join(told))
    for device in software.devices:
        able = f" ({', '.join(device.capabilities)})" if device.capabilities else ""
        yield from _row("device", f"{device.runtime} {device.device}: {device.name}{able}")
    for title, codecs in (("decodes", software.decoders), ("encodes", software.encoders)):
        lacks = [name for name, there in codecs.items() if not there]
        has = ", ".join(name for name, there in codecs.items() if there)
        yield from _row(title, f"{has}{'; not ' if lacks else ''}{', '.join(lacks)}")
    for package, reason in software.failures.items():
        yield from _row("does not load", f"{package}: {reason}")


def _by_place(report: "Report") -> dict[str, list[str]]:
    """Models by where they would run."""
    found: dict[str, list[str]] = {}
    for place in report.places:
        title = f"by {place.backend}" if place.weights else "no weights"
        found.setdefault(title, []).append(f"{place.model}{' (int8)' if place.int8 else ''}")
    return found


def _pools(pools: "tuple[Pool, ...]") -> str:
    return ", ".join(f"{pool.library} {pool.threads}" for pool in pools)


def _size(number: int | None) -> str:
    if number is None:
        return "unknown"
    return f"{number / 1e9:.1f} GB" if number >= 1e9 else f"{number / 1e6:.1f} MB"


def _row(title: str, text: str) -> Iterator[str]:
    yield f"{title:14} {text}"
