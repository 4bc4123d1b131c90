from pathlib import Path
from typing import Any

import pytest

from segue.inference import identity
from segue.inference.identity import differences, identify_files

BEGUN: dict[str, Any] = {"model": "m", "settings": {"backend": "openvino", "seed": 1}, "fps": None}


def changed(**settings: Any) -> dict[str, Any]:
    return {**BEGUN, "settings": {**BEGUN["settings"], **settings}}


def test_the_same_job_differs_in_nothing() -> None:
    assert differences(BEGUN, BEGUN) == []


@pytest.mark.parametrize("now", [changed(backend="torch"), {**BEGUN, "settings": {"seed": 1}}])
def test_a_job_may_go_on_with_another_backend(now: dict[str, Any]) -> None:
    assert differences(BEGUN, now) == []
    assert differences(now, BEGUN) == []


def test_everything_else_is_told() -> None:
    assert differences(BEGUN, changed(backend="torch", seed=2)) == ["settings.seed was 1, now is 2"]
    assert differences(BEGUN, changed(precision="int8")) == [
        "settings.precision was not set, now is int8"
    ]
    assert differences(BEGUN, {**BEGUN, "backend": "torch"}) == [
        "backend was not set, now is torch"
    ]


def replace_byte(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("place", [0, 1_400_000, 2_999_999])
def test_a_replaced_video_of_the_same_size_is_another(tmp_path: Path, place: int) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(bytes(3_000_000))
    before = identify_files([clip])
    assert before == identify_files([clip])
    replace_byte(clip, place)
    after = identify_files([clip])
    assert (after["files"], after["bytes"]) == (1, 3_000_000)
    assert after["sha256"] != before["sha256"]


@pytest.mark.parametrize("number", [0, 4, 8])
def test_a_replaced_picture_of_the_same_size_is_another(tmp_path: Path, number: int) -> None:
    files = [tmp_path / f"{index}.ppm" for index in range(9)]
    for index, file in enumerate(files):
        file.write_bytes(bytes(40_000 if index == 4 else 500))
    before = identify_files(files)
    replace_byte(files[number], -1)
    assert identify_files(files)["sha256"] != before["sha256"]


@pytest.mark.parametrize("part", ["head", "middle", "tail"])
def test_of_much_content_each_part_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    monkeypatch.setattr(identity, "_SAMPLE_BYTES", 1 << 12)
    monkeypatch.setattr(identity, "_SAMPLE_FILES", 3)
    files = [tmp_path / f"{index}.ppm" for index in range(7)]
    for file in files:
        file.write_bytes(bytes(30_000))
    before = identify_files(files)
    begin = {"head": 0, "middle": 14_000, "tail": 29_990}[part]
    for file in files:
        content = bytearray(file.read_bytes())
        content[begin : begin + 3000] = b"x" * len(content[begin : begin + 3000])
        file.write_bytes(content)
    after = identify_files(files)
    assert after["bytes"] == before["bytes"]
    assert after["sha256"] != before["sha256"]


def test_a_folder_may_be_moved_and_may_be_empty(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"frames")
    before = identify_files([clip])
    (tmp_path / "there").mkdir()
    assert identify_files([clip.rename(tmp_path / "there/clip.mp4")]) == before
    assert identify_files([])["files"] == 0
