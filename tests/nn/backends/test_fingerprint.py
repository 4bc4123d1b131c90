"""Equal keys mean equal results."""

import torch
from torch import Tensor, nn

from fakes.graphs import carrying, inputs
from segue.nn.backends import fingerprint as module
from segue.nn.backends.fingerprint import fingerprint


def test_the_same_network_has_the_same_key() -> None:
    assert fingerprint(carrying(), inputs()) == fingerprint(carrying(), inputs())


def test_whatever_changes_the_result_changes_the_key(monkeypatch) -> None:
    keys = {fingerprint(carrying(), inputs()), fingerprint(carrying(share=0.25), inputs())}
    changed = carrying()
    with torch.no_grad():
        changed.layers[0].weight[0, 0, 0, 0] += 1e-6
    keys.add(fingerprint(changed, inputs()))
    keys.add(fingerprint(carrying().double(), inputs()))
    keys.add(fingerprint(carrying().train(), inputs()))
    keys.add(fingerprint(carrying(), inputs(8, 16)))
    keys.add(fingerprint(carrying(), tuple(i.half() for i in inputs())))
    monkeypatch.setattr(module, "_own_code", lambda: b"another")
    keys.add(fingerprint(carrying(), inputs()))
    monkeypatch.setattr(module, "_versions", lambda: ("openvino 1",))
    keys.add(fingerprint(carrying(), inputs()))
    assert len(keys) == 9


def test_the_values_of_the_inputs_do_not_matter() -> None:
    given = inputs()
    other = tuple(torch.zeros_like(i) for i in given)
    assert fingerprint(carrying(), given) == fingerprint(carrying(), other)


def test_a_local_function_or_class_has_no_content() -> None:
    network = carrying()
    network.after = lambda x: x

    class Local(nn.Module):
        def forward(self, x: Tensor) -> tuple[Tensor]:
            return (x,)

    assert fingerprint(network, inputs()) is None
    assert fingerprint(Local(), inputs()) is None
