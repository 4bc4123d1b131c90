"""A video that was replaced since the run was interrupted is another video, also one of the same size."""

from pathlib import Path

import pytest
from PIL import Image

from fakes.scenes import scene
from segue.app.cli.main import main
from segue.media.masks import write_mask


def write(seed: int) -> None:
    """Frames without compression: each scene takes the same number of bytes."""
    for index, (frame, _) in enumerate(scene(6, seed)):
        Image.fromarray(frame).save(f"frames/{index:05d}.bmp")


@pytest.mark.parametrize("replaced", ["all", "the last"])
def test_a_replaced_video_is_not_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys, replaced: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("frames").mkdir()
    write(seed=0)
    write_mask(Path("0.png"), scene(1)[0][1])
    words = ["track", "frames", "--mask", "0.png", "--out", "out", "--model", "colour"]
    assert main(words) == 0
    results = {p: p.read_bytes() for p in Path("out").rglob("*.png")}
    kept = {p: p.read_bytes() for p in Path("frames").iterdir()}
    write(seed=1)
    if replaced == "the last":
        for path in sorted(kept)[:-1]:
            path.write_bytes(kept[path])
    assert [p.stat().st_size for p in sorted(kept)] == [len(kept[p]) for p in sorted(kept)]
    capsys.readouterr()
    assert main([*words, "--resume"]) == 2
    assert "video.sha256 was" in capsys.readouterr().err
    assert {p: p.read_bytes() for p in Path("out").rglob("*.png")} == results
