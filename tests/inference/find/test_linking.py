from hypothesis import given
from hypothesis import strategies as st

from segue.inference.find.linking import link

Items = list[list[tuple[str, float]]]


def alike(a: tuple[str, float], b: tuple[str, float]) -> float:
    return max(0.0, 1 - abs(a[1] - b[1])) if a[0] == b[0] else 0.0


def named(looks: Items, chains: list[list[tuple[int, int]]]) -> list[str]:
    return ["".join(looks[look][place][0] for look, place in chain) for chain in chains]


def test_objects_that_cross_are_kept_apart() -> None:
    looks: Items = [[("a", 0), ("b", 1)], [("b", 0.9), ("a", 0.1)], [("a", 0.2), ("b", 0.8)]]
    assert named(looks, link(looks, alike)) == ["aaa", "bbb"]


def test_an_object_that_was_away_is_found_again() -> None:
    looks: Items = [[("a", 0)], [], [], [("b", 0), ("a", 0.2)]]
    assert link(looks, alike) == [[(0, 0), (3, 1)], [(3, 0)]]


def test_a_bad_sighting_in_between_does_not_break_an_object() -> None:
    looks: Items = [[("a", 0)], [("a", 0.45)], [("a", -0.2)]]
    assert named(looks, link(looks, alike)) == ["aaa"]


def test_the_best_sum_counts_not_the_first_come() -> None:
    table = {(1, 3): 0.9, (1, 4): 0.8, (2, 3): 0.8, (2, 4): 0.0}
    chains = link([[1, 2], [3, 4]], lambda a, b: table[a, b])
    assert chains == [[(0, 0), (1, 1)], [(0, 1), (1, 0)]]


@given(
    st.lists(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 1)), max_size=4), max_size=6),
    st.floats(0.1, 1),
)
def test_every_sighting_is_in_one_object_and_no_object_twice_on_a_frame(
    looks: Items, least: float
) -> None:
    chains = link(looks, alike, least)
    places = [place for chain in chains for place in chain]
    assert sorted(places) == [(k, i) for k, items in enumerate(looks) for i in range(len(items))]
    for chain in chains:
        assert [look for look, _ in chain] == sorted({look for look, _ in chain})
        assert len({looks[look][place][0] for look, place in chain}) == 1
