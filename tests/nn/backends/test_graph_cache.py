"""Converted networks on disk: whole or not at all, for one content only."""

import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest
import torch

from fakes.graphs import carrying, inputs
from segue.nn.backends import conversion, fingerprint, openvino_backend
from segue.nn.backends.cache import GraphCache, default_folder
from segue.nn.backends.openvino_backend import OpenVinoBackend

PATH = os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])


@pytest.fixture
def conversions(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one with each network that is converted."""
    made: list[int] = []

    def convert(module: torch.nn.Module, given: tuple[torch.Tensor, ...]) -> bytes:
        made.append(1)
        return conversion.convert(module, given)

    monkeypatch.setattr(openvino_backend, "convert", convert)
    return made


def answer(folder: Path | None, share: float = 0.5) -> torch.Tensor:
    """What a new backend with this cache says; the network says the same."""
    found = OpenVinoBackend(GraphCache(folder)).prepare(carrying(share))(*inputs())[0]
    with torch.no_grad():
        assert torch.allclose(found, carrying(share)(*inputs())[0], atol=1e-5)
    return found


def files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def test_a_network_is_converted_once_and_each_content_has_its_file(
    tmp_path: Path, conversions: list[int]
) -> None:
    first = answer(tmp_path)
    assert torch.equal(answer(tmp_path), first)
    assert len(conversions) == len(files(tmp_path)) == 1
    answer(tmp_path, share=0.25)  # the same weights, another setting
    assert len(conversions) == len(files(tmp_path)) == 2


@pytest.mark.parametrize("keep", [0, 10, 32, 100, -1])
def test_a_truncated_file_is_made_anew(tmp_path: Path, conversions: list[int], keep: int) -> None:
    first = answer(tmp_path)
    (file,) = files(tmp_path)
    whole = file.read_bytes()
    file.write_bytes(whole[:keep])
    assert torch.equal(answer(tmp_path), first)
    assert len(conversions) == 2
    assert len(file.read_bytes()) == pytest.approx(
        len(whole), abs=16
    )  # OpenVINO packs some numbers


def test_a_file_of_another_version_is_not_used(
    tmp_path: Path, conversions: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fingerprint, "_versions", lambda: ("openvino 1",))
    answer(tmp_path)
    monkeypatch.undo()
    answer(tmp_path)
    assert len(files(tmp_path)) == 2


def test_a_folder_that_cannot_be_written_costs_one_warning(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    backend = OpenVinoBackend(GraphCache(blocked / "cache"))
    with pytest.warns(RuntimeWarning, match=r"cannot be kept in .*SEGUE_CACHE") as caught:
        backend.prepare(carrying())(*inputs())
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        backend.prepare(carrying())(*inputs(6, 6))


def test_a_full_disk_costs_one_warning_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.warns(RuntimeWarning, match="No space left"):
        answer(tmp_path)
    assert files(tmp_path) == []


def test_a_folder_that_can_only_be_read_is_read(
    tmp_path: Path, conversions: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(tmp_path)

    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "utime", refused)
    answer(tmp_path)
    assert len(conversions) == 1


def test_what_nobody_read_for_long_makes_room(tmp_path: Path) -> None:
    cache = GraphCache(tmp_path)
    cache.store("read", b"a")
    cache.store("forgotten", b"b")
    killed, foreign = tmp_path / ".x.segue-graph.1.part", tmp_path / "mine.txt"
    for path in (killed, foreign):
        path.touch()
    long_ago = time.time() - 100 * 24 * 3600
    for path in files(tmp_path):
        os.utime(path, (long_ago, long_ago))
    assert cache.load("read") == b"a"
    cache.store("new", b"c")
    assert [cache.load(k) for k in ("read", "forgotten", "new")] == [b"a", None, b"c"]
    assert foreign.exists()
    assert not killed.exists()


def test_the_folder_is_the_chosen_one_else_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SEGUE_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/ada")
    assert default_folder() == Path("/home/ada/.cache/segue/graphs")
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert default_folder() == Path("/caches/segue/graphs")
    monkeypatch.setenv("SEGUE_CACHE", "/here")
    assert default_folder() == Path("/here/graphs")


def test_a_user_without_a_home_has_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("SEGUE_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    assert default_folder() is None
    assert GraphCache(None).load("x") is None
    GraphCache(None).store("x", b"")


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    script = Path(__file__).with_name("graph_process.py")
    return subprocess.Popen(
        [sys.executable, str(script), str(folder), *arguments],
        env={**os.environ, "PYTHONPATH": PATH, "PYTHONHASHSEED": "random"},
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_processes_may_fill_one_cache_at_once_and_one_may_be_killed(
    tmp_path: Path, conversions: list[int]
) -> None:
    processes = [start(tmp_path), start(tmp_path), start(tmp_path / "killed", "kill")]
    said = [process.communicate(timeout=300)[0] for process in processes]
    assert [p.returncode for p in processes] == [0, 0, -signal.SIGKILL]
    assert said[0] == said[1] == f"{float(answer(tmp_path).sum()):.6f}\n"
    assert len([f for f in files(tmp_path) if f.is_file()]) == 1
    assert not conversions  # the key was the same in all processes
    answer(tmp_path / "killed")
    assert len(conversions) == 1
