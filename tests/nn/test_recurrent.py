import pytest
import torch
from torch import nn

from segue.nn.recurrent import ConvGRU, ConvRNN


def count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize("channels", [1, 16])
def test_sizes_follow_the_closed_forms(channels: int) -> None:
    assert count(ConvRNN(channels)) == 18 * channels**2 + 2 * channels
    assert count(ConvGRU(channels)) == 54 * channels**2 + 3 * channels


def test_the_rnn_adds_what_it_sees_to_what_it_remembers() -> None:
    torch.manual_seed(0)
    cell = ConvRNN(3)
    x, hidden = torch.randn(2, 3, 5, 7), torch.randn(2, 3, 5, 7)
    expected = (cell.from_input(x) + cell.from_hidden(hidden)).clamp_min(0)
    assert torch.equal(cell(x, hidden), expected)


def gated(reset: float, update: float) -> ConvGRU:
    """A cell of one channel whose gates are constant, and whose candidate is tanh(x + reset * hidden)."""
    cell = ConvGRU(1)
    with torch.no_grad():
        cell.gates.weight.zero_()
        cell.gates.bias.copy_(torch.tensor([reset, update]).logit())
        cell.candidate.weight.zero_()
        cell.candidate.weight[0, :, 1, 1] = 1
        cell.candidate.bias.zero_()
    return cell


@pytest.mark.parametrize(("reset", "update"), [(0.25, 0.75), (1.0, 0.0), (0.0, 0.5), (0.3, 1.0)])
def test_the_gru_follows_equations_8_to_11(reset: float, update: float) -> None:
    torch.manual_seed(0)
    x, hidden = torch.randn(2, 1, 4, 6), torch.randn(2, 1, 4, 6)
    candidate = torch.tanh(x + reset * hidden)
    expected = (1 - update) * candidate + update * hidden
    assert torch.allclose(gated(reset, update)(x, hidden), expected, atol=1e-6)


@pytest.mark.parametrize("kind", [ConvRNN, ConvGRU])
def test_the_given_state_stays_as_it_was(kind: type[nn.Module]) -> None:
    torch.manual_seed(0)
    x, hidden = torch.randn(1, 4, 6, 6), torch.randn(1, 4, 6, 6)
    before = hidden.clone()
    cell = kind(4)
    assert cell(x, hidden).shape == hidden.shape
    assert torch.equal(hidden, before)
    assert not list(cell.buffers())
