"""``segue doctor`` says what there is on one screen and as JSON."""

import json
from pathlib import Path
from typing import Any

import pytest

from segue import __version__
from segue.app.cli.main import main
from segue.measure.doctor import report as reporting
from segue.measure.doctor import software
from segue.measure.doctor.machine import Machine, Room
from segue.models.catalog import MODELS


def document(capsys: pytest.CaptureFixture[str], expected: int = 0) -> dict[str, Any]:
    assert main(["doctor", "--json"]) == expected
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    return said


def test_all_is_told_as_json(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    said = document(capsys)
    assert said["problems"] == []
    assert said["software"]["versions"]["segue"] == __version__
    assert {d["runtime"] for d in said["software"]["devices"]} == {"openvino", "torch"}
    assert said["software"]["decoders"]["h264"] is True
    assert said["machine"]["processor"]["processors"] >= 1
    assert {pool["threads"] for pool in said["machine"]["owned"] if "BLAS" in pool["library"]} == {
        1
    }
    places = {row["model"]: row for row in said["models"]}
    assert list(places) == list(MODELS)
    assert places["segue-lite"] == {
        "model": "segue-lite",
        "weights": True,
        "backend": "openvino",
        "int8": True,
    }
    assert places["frtm-lite"]["backend"] == "torch"
    assert places["frtm"]["weights"] is False


def test_the_screen_holds_the_same_in_few_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) < 40
    for title in ("processor", "threads", "memory", "cache", "versions", "decodes", "by openvino"):
        assert any(line.startswith(f"{title} ") for line in lines), title
    assert lines[-1] == "Nothing is wrong."


def test_a_package_that_does_not_load_is_no_reason_to_stop(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise ImportError("libGL.so.1: no such file\nmore")

    monkeypatch.setattr(software, "_openvino_devices", broken)
    said = document(capsys)
    assert said["software"]["failures"] == {"openvino": "libGL.so.1: no such file"}
    assert any("torch computes, which is slower" in note for note in said["notes"])
    assert {row["backend"] for row in said["models"]} == {"torch"}
    monkeypatch.setattr(software, "_codecs", broken)
    said = document(capsys, expected=2)
    assert said["problems"][0].startswith("av does not load (libGL.so.1: no such file)")


def test_what_runs_out_is_a_fault(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    original = reporting.examine_machine

    def poor(folder: Path) -> Machine:
        machine = original(folder)
        flags = dict.fromkeys(machine.processor.flags or {"avx2": True, "vnni": True}, False)
        old = replace(machine.processor, flags=flags, architecture="x86_64")
        cache = replace(machine.cache, writable=False)
        return replace(machine, rooms=(Room("memory", 1, 2),), processor=old, cache=cache)

    monkeypatch.setattr(reporting, "examine_machine", poor)
    said = document(capsys, expected=2)
    assert said["problems"] == [
        "Of the memory 0.0 GB are free, and 2.1 GB are wanted. Free some, or work on smaller frames."
    ]
    assert any("older than AVX2" in note for note in said["notes"])
    assert any("cannot be written" in note for note in said["notes"])


def test_a_folder_that_is_no_export_is_a_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", str(tmp_path)]) == 2
    said = capsys.readouterr().out
    assert f"wrong: {tmp_path} is no export" in said
    assert "Nothing is wrong" not in said
