import numpy as np
import pytest
import torch

from segue.errors import SettingsError, WeightsError
from segue.nn import flow
from segue.nn.flow import RAFT_FILE, find_flow


def textured(height, width, seed=0):
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (height // 8 + 1, width // 8 + 1, 3)).astype(np.uint8)
    return coarse.repeat(8, 0).repeat(8, 1)[:height, :width]


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A torch hub cache of its own."""
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    (tmp_path / "checkpoints").mkdir()
    return tmp_path / "checkpoints"


def test_dis_finds_a_shift():
    wide = textured(140, 190)
    now, later = wide[10:130, 10:170], wide[8:128, 7:167]
    found = find_flow("dis")(now, later)
    assert found.shape == (120, 160, 2)
    assert np.median(found[20:-20, 20:-20], axis=(0, 1)) == pytest.approx([3, 2], abs=0.3)


@pytest.mark.parametrize("size_hw", [(24, 320), (20, 160), (8, 64), (4, 4), (320, 24)])
def test_dis_takes_strips_on_which_opencv_ends_the_process(size_hw):
    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 256, (*size_hw, 3), dtype=np.uint8) for _ in range(2)]
    assert find_flow("dis")(*frames).shape == (*size_hw, 2)


def test_the_name_says_the_method():
    assert find_flow("dis").name == "dis-fast"


def test_raft_is_never_downloaded(hub):
    with pytest.raises(WeightsError, match=r"No RAFT weights at .*none are downloaded"):
        find_flow("raft")
    assert not list(hub.iterdir())


def test_auto_is_dis_without_weights_and_on_the_cpu(hub):
    assert find_flow("auto", device="cuda").name == "dis-fast"
    (hub / RAFT_FILE).write_bytes(b"whatever")
    assert find_flow("auto").name == "dis-fast"


def test_damaged_weights_are_named(hub):
    (hub / RAFT_FILE).write_bytes(b"PK not a checkpoint")
    with pytest.raises(WeightsError, match="does not hold the weights of RAFT"):
        find_flow("raft")


def test_raft_takes_any_size(hub, monkeypatch):
    from torchvision.models.optical_flow import raft_large

    monkeypatch.setattr(flow, "RAFT_ITERATIONS", 1)
    torch.save(raft_large(weights=None).state_dict(), hub / RAFT_FILE)
    finder = find_flow("raft")
    assert finder.name == "raft-large-20"
    found = finder(textured(100, 131), textured(100, 131, seed=1))
    assert found.shape == (100, 131, 2)
    assert found.dtype == np.float32


def test_an_unknown_method():
    with pytest.raises(SettingsError, match="auto, dis, raft"):
        find_flow("farneback")
