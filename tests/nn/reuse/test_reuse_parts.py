"""The parts of the reuse gate: sizes, shapes, and what they do before anything is learned."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from segue.nn.reuse.delta import DeltaGenerator
from segue.nn.reuse.gate import Gate, choose, straight_through
from segue.nn.reuse.settings import ReuseSettings
from segue.nn.reuse.template_matching import TemplateMatching
from segue.nn.reuse.translator import RefineTranslator
from segue.nn.weights import describe


@pytest.mark.parametrize(
    ("part", "total"),
    [
        (TemplateMatching(129), 80_320),
        (Gate(), 9_554),
        (DeltaGenerator(), 577),
        (RefineTranslator(), 392_928),
    ],
    ids=["template matching", "gate", "delta", "translator"],
)
def test_parameters(part: torch.nn.Module, total: int) -> None:
    assert describe(part)["total"] == total


def test_shapes_of_a_frame_of_480x854() -> None:
    seen = torch.rand(2, 129, 60, 107)
    matching = TemplateMatching(129)
    template = matching.template(seen)
    assert template.shape == (2, 64, 64)
    dissimilarity = matching(seen, template)
    assert dissimilarity.shape == (2, 64, 60, 107)
    assert Gate()(dissimilarity).shape == (2,)
    delta = DeltaGenerator()(dissimilarity)
    assert delta.shape == (2, 1, 30, 54)
    assert RefineTranslator()(torch.rand(2, 64, 30, 54), delta).shape == (2, 64, 30, 54)


@pytest.mark.parametrize("size", [(1, 1), (2, 9), (6, 7)])
def test_any_size_goes_through(size: tuple[int, int]) -> None:
    matching = TemplateMatching(11, width=8)
    seen = torch.rand(1, 11, *size)
    dissimilarity = matching(seen, matching.template(seen))
    assert dissimilarity.shape == (1, 8, *size)
    assert Gate(8).eval()(dissimilarity).isfinite().all()


@torch.no_grad()
def test_a_row_of_a_template_is_a_softmax_over_the_keys() -> None:
    matching = TemplateMatching(6, width=8)
    seen = torch.rand(1, 6, 4, 5)
    template = matching.template(seen)
    keys, values = matching.template_key(seen)[0], matching.template_value(seen)[0]
    products = [[float((v * k).sum()) / math.sqrt(20) for k in keys] for v in values]
    assert torch.allclose(template[0], torch.tensor(products).softmax(1), atol=1e-6)
    assert torch.allclose(template.sum(2), torch.ones(1, 8))


@torch.no_grad()
def test_matching_weighs_the_keys_of_the_frame_with_the_template() -> None:
    matching = TemplateMatching(6, width=8)
    seen, template = torch.rand(1, 6, 4, 5), torch.rand(1, 8, 8)
    keys, features = matching.key(seen), matching.features(seen)
    weighed = torch.einsum("bvk,bkrc->bvrc", template, keys)
    expected = matching.blend(torch.cat([features, weighed], 1))
    assert torch.allclose(matching(seen, template), expected, atol=1e-6)
    assert expected.min() >= 0


def test_an_untrained_gate_says_thirteen_percent() -> None:
    gate = Gate().eval()
    with torch.no_grad():
        gate.layers[1].bias.zero_()
    nothing = torch.zeros(3, 64, 60, 107)
    assert torch.allclose(gate(nothing), torch.full((3,), 1 / (1 + math.exp(1.9))))


@torch.no_grad()
def test_the_gate_has_no_activation() -> None:
    gate = Gate(5).eval()
    gate.layers[1].weight.neg_()
    x = torch.rand(1, 5, 9, 9)
    pooled = F.adaptive_max_pool2d(x, 7)
    inner = gate.layers[2](gate.layers[1](pooled))
    assert inner.min() < 0
    logits = gate.layers[4](F.adaptive_max_pool2d(inner, 3)).flatten()
    assert float(gate(x)) == pytest.approx(float(torch.sigmoid(logits[0] - logits[1])))


probabilities = st.floats(0, 1)


@given(probabilities)
def test_the_ends_of_the_dial(probability: float) -> None:
    assert choose(probability, ReuseSettings(threshold=1)) == "compute"
    assert choose(probability, ReuseSettings(threshold=0)) == "translate"
    assert choose(probability, ReuseSettings(threshold=0, path="copy")) == "copy"


@given(probabilities, probabilities, probabilities)
def test_turning_the_dial_down_never_computes_more(p: float, one: float, other: float) -> None:
    low, high = (ReuseSettings(threshold=t) for t in sorted((one, other)))
    if choose(p, high) != "compute":
        assert choose(p, low) != "compute"


def test_fusion_copies_above_its_second_threshold() -> None:
    fusion = ReuseSettings(threshold=0.5, path="fusion", copy_threshold=0.9)
    chosen = [choose(p, fusion) for p in (0.5, 0.51, 0.9, 0.91)]
    assert chosen == ["compute", "translate", "translate", "copy"]


def test_a_decision_is_hard_and_its_gradient_is_that_of_the_probability() -> None:
    probability = torch.tensor([0.2, 0.5, 0.7], requires_grad=True)
    decided = straight_through(probability)
    assert decided.tolist() == [0, 0, 1]
    (decided * torch.tensor([3.0, 4.0, 5.0])).sum().backward()
    assert probability.grad is not None
    assert probability.grad.tolist() == [3, 4, 5]
