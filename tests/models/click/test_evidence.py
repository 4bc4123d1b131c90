import pytest
import torch
import torch.nn.functional as F

from segue.models.click.evidence import LIKENESS, PLACES, gather

KEYS = F.normalize(torch.randn(1, 32, 8, 12, generator=torch.Generator().manual_seed(0)), dim=1)
NOTHING = torch.zeros(1, 64, 96)
NO_BOX = torch.zeros(1, 4)


def points(*rows: tuple[float, float, float]) -> torch.Tensor:
    return torch.tensor([rows or ((0.0, 0.0, 0.0),)], dtype=torch.float32)


def test_clicks_are_where_they_were_made() -> None:
    found = gather(KEYS, points((20, 40, 1), (80, 8, -1)), NOTHING, NO_BOX)
    assert found.places.shape == (1, PLACES, 16, 24)
    assert found.likeness.shape == (1, LIKENESS, 8, 12)
    include, exclude = found.places[0, 0], found.places[0, 1]
    assert divmod(int(include.argmax()), 24) == (10, 5)
    assert divmod(int(exclude.argmax()), 24) == (2, 20)
    assert include[2, 20] < 0.01


def test_a_place_is_most_like_itself() -> None:
    found = gather(KEYS, points((3.5 + 8 * 5, 3.5 + 8 * 2, 1)), NOTHING, NO_BOX)
    alike = found.likeness[0, 0]
    assert divmod(int(alike.argmax()), 12) == (2, 5)
    assert alike[2, 5].item() == pytest.approx(1, abs=1e-5)


def test_what_was_not_said_is_zero() -> None:
    found = gather(KEYS, points(), NOTHING, NO_BOX)
    assert not found.likeness.any()
    assert found.places.abs().max() < 1e-6


def test_padding_changes_nothing() -> None:
    one = gather(KEYS, points((20, 40, 1)), NOTHING, NO_BOX)
    padded = gather(KEYS, points((20, 40, 1), (0, 0, 0), (9, 9, 0)), NOTHING, NO_BOX)
    torch.testing.assert_close(one.places, padded.places)
    torch.testing.assert_close(one.likeness, padded.likeness)


def test_boxes_and_masks_are_seen() -> None:
    mask = NOTHING.clone()
    mask[0, 16:32, 16:32] = 1
    found = gather(KEYS, points(), mask, torch.tensor([[8.0, 8.0, 40.0, 24.0]]))
    assert found.places[0, 4].sum() == 16
    assert found.places[0, 5].sum() == 8 * 4
    inside = found.likeness[0, 2, 2:4, 2:4].mean()
    assert inside > found.likeness[0, 2].mean()


def test_objects_share_a_frame() -> None:
    two = torch.cat([points((20, 40, 1)), points((70, 10, 1))])
    both = gather(KEYS, two, NOTHING.repeat(2, 1, 1), NO_BOX.repeat(2, 1))
    second = gather(KEYS, two[1:], NOTHING, NO_BOX)
    assert torch.allclose(both.likeness[1:], second.likeness)
    assert torch.allclose(both.places[1:], second.places)
