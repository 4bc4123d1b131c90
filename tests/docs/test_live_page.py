"""The commands of docs/live.md that need no network run, and its options and protocols exist."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fakes.live_streams import stream_bytes
from segue.app.cli.main import main
from segue.media.live import is_live
from segue.media.masks import write_mask

TEXT = (Path(__file__).parents[2] / "docs" / "live.md").read_text(encoding="utf-8")


@pytest.mark.skipif(not shutil.which("sh"), reason="the page shows commands of a shell")
def test_commands_run(tmp_path: Path) -> None:
    (tmp_path / "clip.ts").write_bytes(stream_bytes(30))
    labels = np.zeros((48, 64), np.uint8)
    labels[10:30, 10:40] = 1
    write_mask(tmp_path / "first.png", labels)
    commands = re.search(r"```sh\n(.*?)```", TEXT, re.DOTALL)[1]
    segue = tmp_path / "segue"
    call = (
        "import sys; from segue.app.cli.main import main; from segue.nn.backends.catalog import using;"
        "from segue.nn.backends.torch_backend import TorchBackend;"
        "using(TorchBackend()).__enter__(); sys.exit(main())"
    )
    segue.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{call}" "$@"\n')
    segue.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(
        ["sh", "-ec", commands], cwd=tmp_path, env={**os.environ, "PATH": path}, check=True
    )
    assert len(list((tmp_path / "out/whole/masks").iterdir())) == 30
    assert (tmp_path / "out/newest/masks/00000.png").is_file()


def test_addresses_of_the_page_are_live() -> None:
    sources = re.findall(r"segue track (\S+) --mask", TEXT)
    assert len(sources) == 5
    assert all(map(is_live, sources))


@pytest.mark.parametrize("option", sorted(set(re.findall(r"`(--[a-z-]+)`", TEXT))))
def test_tracking_has_the_options(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["track", "--help"])
    assert option in capsys.readouterr().out
