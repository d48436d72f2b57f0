"""Where discs and names are drawn."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavalcade.app.camera.framing import Size, Spot
from cavalcade.app.map.layout import APART, FARTHEST, Label, Side, place_labels, spread

spots = st.dictionaries(st.integers(1, 60), st.builds(Spot, st.floats(0, 390), st.floats(0, 844)), max_size=12)


@given(spots, st.none() | st.integers(1, 60))
def test_discs_are_never_drawn_far_from_their_place(at: dict[int, Spot], fixed: int | None) -> None:
    offsets = spread(at, fixed)
    assert offsets.keys() == at.keys()
    assert all(abs(offset.x) <= FARTHEST + 1 and abs(offset.y) <= FARTHEST + 1 for offset in offsets.values())
    if fixed in at:
        assert offsets[fixed] == (0, 0)


def test_two_on_one_spot_are_drawn_apart() -> None:
    offsets = spread({1: Spot(100, 100), 2: Spot(100, 100)}, None)
    (a, b) = offsets.values()
    assert ((a.x - b.x) ** 2 + (a.y - b.y) ** 2) ** 0.5 > APART - 3


@given(spots)
def test_no_name_covers_another_or_leaves_the_picture(at: dict[int, Spot]) -> None:
    labels = [Label(one, spot, 80, 22) for one, spot in at.items()]
    sides = place_labels(labels, Size(390, 844), {})
    again = place_labels(labels, Size(390, 844), sides)
    assert sides == again
    assert sides.keys() == at.keys()
    below = [one for one in labels if sides[one.id] is Side.BELOW]
    for first in below:
        assert 40 <= first.at.x <= 350
        for second in below:
            if first.id != second.id:
                assert abs(first.at.x - second.at.x) >= 79.9 or abs(first.at.y - second.at.y) >= 21.9


def test_discs_with_room_stay_where_they_are() -> None:
    assert spread({1: Spot(0, 0), 2: Spot(60, 0)}, None) == {1: (0, 0), 2: (0, 0)}


def test_two_that_overlap_make_room_for_each_other_along_the_line_between_them() -> None:
    assert spread({1: Spot(0, 0), 2: Spot(18, 0)}, None) == {1: (-13, 0), 2: (13, 0)}


def test_who_is_fixed_does_not_move() -> None:
    assert spread({1: Spot(0, 0), 2: Spot(18, 0)}, 1) == {1: (0, 0), 2: (26, 0)}


@pytest.mark.parametrize("size", [3, 4])
def test_nobody_in_a_row_covers_anothers_disc(size: int) -> None:
    at = {one: Spot(200 + one * 12, 200 + one * 5) for one in range(size)}
    offsets = spread(at, None)
    drawn = {one: (at[one].x + x, at[one].y + y) for one, (x, y) in offsets.items()}
    apart = [math.dist(drawn[a], drawn[b]) for a in drawn for b in drawn if a < b]
    assert min(apart) > 38


def test_a_crowd_is_spread_the_same_way_each_time() -> None:
    crowd = {one: Spot(100, 100) for one in range(40)}
    assert spread(crowd, 7) == spread(crowd, 7)
