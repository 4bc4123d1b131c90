"""Object context: hand-worked means and attention, and the exact sizes of the parts."""

import pytest
import torch

from segue.nn.context import Fuse, ObjectAttention, SoftRegions, gather


def count(module: torch.nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def test_gather_averages_features_by_a_softmax_over_pixels() -> None:
    features = torch.tensor([[[[1.0, 3.0]], [[0.0, 8.0]]]])
    regions = torch.tensor([[[[0.0, 0.0]], [[0.0, float(torch.log(torch.tensor(3.0)))]]]])
    found = gather(features, regions)
    # The first class weighs both pixels equally, the second one 1 to 3.
    torch.testing.assert_close(found, torch.tensor([[[2.0, 4.0], [2.5, 6.0]]]))


def test_parts_have_their_exact_sizes() -> None:
    assert count(ObjectAttention(512, 256)) == 658_944
    assert count(ObjectAttention(512, 256, bias=True)) == 658_944 + 512 + 512 + 256 + 512
    assert count(Fuse(512)) == 525_312
    assert count(SoftRegions(384, 512, 124)) == 9 * 384 * 512 + 512 + 1024 + 512 * 124 + 124


def test_one_vector_answers_every_pixel_alike() -> None:
    torch.manual_seed(0)
    attention = ObjectAttention(8, 4).eval()
    answer = attention(torch.rand(2, 8, 3, 5), torch.rand(2, 1, 8))
    assert answer.shape == (2, 8, 3, 5)
    torch.testing.assert_close(answer, answer[..., :1, :1].expand_as(answer))


def test_unknown_vectors_do_not_answer() -> None:
    torch.manual_seed(0)
    attention = ObjectAttention(8, 4).eval()
    features, contexts = torch.rand(1, 8, 3, 5), torch.rand(1, 4, 8)
    known = torch.tensor([[True, False, True, False]])
    expected = attention(features, contexts[:, [0, 2]])
    torch.testing.assert_close(attention(features, contexts, known), expected)
    contexts[:, 1] = 1e6
    torch.testing.assert_close(attention(features, contexts, known), expected)


def test_where_no_vector_is_known_the_answer_is_finite() -> None:
    attention = ObjectAttention(8, 4).eval()
    answer = attention(
        torch.rand(1, 8, 3, 5), torch.rand(1, 4, 8), torch.zeros(1, 4, dtype=torch.bool)
    )
    assert answer.isfinite().all()


@pytest.mark.parametrize("channels", [2, 8])
def test_fuse_joins_two_maps(channels: int) -> None:
    fuse = Fuse(channels).eval()
    one, other = torch.rand(1, channels, 2, 3), torch.rand(1, channels, 2, 3)
    assert fuse(one, other).shape == one.shape
    assert not torch.equal(fuse(one, other), fuse(other, one))
