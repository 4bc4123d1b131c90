import subprocess
import sys

import timm
import torch

from segue.nn.efficientnet import CHANNELS, EfficientNetLite0


def test_features_and_names_are_those_of_timm() -> None:
    torch.manual_seed(0)
    theirs = timm.create_model(
        "tf_efficientnet_lite0", features_only=True, out_indices=(1, 2, 3, 4), pretrained=False
    ).eval()
    for name, buffer in theirs.named_buffers():
        if "running" in name:
            buffer.copy_(torch.rand_like(buffer) + 0.1)
    ours = EfficientNetLite0().eval()
    assert list(ours.body.state_dict()) == list(theirs.state_dict())
    ours.body.load_state_dict(theirs.state_dict())
    frames = torch.rand(2, 3, 96, 160)
    with torch.no_grad():
        expected = theirs(frames * 2 - 1)
        found = ours(frames)
    assert list(found) == list(CHANNELS)
    for (stride, own), other in zip(found.items(), expected, strict=True):
        assert own.shape == (2, CHANNELS[stride], 96 // stride, 160 // stride)
        assert torch.allclose(own, other, atol=1e-5)


def test_the_default_model_loads_without_the_libraries_of_other_backbones() -> None:
    code = (
        "import sys, segue; segue.load_model('segue-lite');"
        "print({'timm', 'torchvision'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
