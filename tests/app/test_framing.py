import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavalcade.app.camera.framing import (
    Padding,
    Point,
    Size,
    center_camera,
    fit_camera,
    is_inside,
    metres_per_pixel,
    roomy_padding,
    to_screen,
)

PHONE = Size(390, 844)
PADDING = Padding(100, 30, 140, 30)
points = st.builds(Point, st.floats(-70, 70), st.floats(-179.9, 179.9))
bearings = st.floats(0, 359)


@st.composite
def groups(draw: st.DrawFn) -> list[Point]:
    """A group within a few degrees, perhaps over the antimeridian."""
    first = draw(points)
    offsets = draw(st.lists(st.tuples(st.floats(-2, 2), st.floats(-2, 2)), max_size=8))
    return [first, *(Point(first.lat + lat, (first.lon + lon + 540) % 360 - 180) for lat, lon in offsets)]


@given(groups(), bearings)
def test_everybody_is_inside_what_the_panels_leave_free(group: list[Point], bearing: float) -> None:
    camera = fit_camera(group, PHONE, PADDING, bearing)
    assert camera is not None
    assert all(is_inside(camera, point, PHONE, PADDING) for point in group)


@given(points, st.integers(4, 18), bearings)
def test_a_center_is_the_middle_of_the_free_space(point: Point, zoom: int, bearing: float) -> None:
    at = to_screen(center_camera(point, zoom, PADDING, bearing), point, PHONE)
    assert at == pytest.approx((195, 402), abs=0.01)


def test_nobody_is_no_camera_and_a_pixel_has_its_length() -> None:
    assert fit_camera([], PHONE, PADDING) is None
    assert metres_per_pixel(0, 0) == pytest.approx(78_271.5, abs=0.5)


@given(st.floats(-90, 90), st.floats(-180, 180), st.floats(-90, 90), st.floats(-180, 180))
def test_any_two_on_the_globe_are_inside_poles_and_antimeridian_included(
    lat: float, lon: float, other_lat: float, other_lon: float
) -> None:
    pair = [Point(lat, lon), Point(other_lat, other_lon)]
    camera = fit_camera(pair, PHONE, PADDING)
    assert camera is not None
    assert all(is_inside(camera, point, PHONE, PADDING) for point in pair)


@given(st.permutations([Point(5, 0), Point(-5, 175), Point(0, -179)]))
def test_the_order_of_people_does_not_matter_to_the_camera(group: list[Point]) -> None:
    camera = fit_camera(group, PHONE, PADDING)
    assert camera is not None
    assert camera.center.lon == pytest.approx(90.5, abs=1e-6)


@given(st.floats(0, 900), st.floats(0, 900), st.floats(0, 400), st.floats(0, 400))
def test_a_camera_has_room_whatever_panels_cover(top: float, bottom: float, left: float, right: float) -> None:
    room = roomy_padding(PHONE, Padding(top, right, bottom, left))
    assert PHONE.height - room.top - room.bottom >= min(160, PHONE.height) - 1e-6
    assert PHONE.width - room.left - room.right >= min(160, PHONE.width) - 1e-6
    given_room = Padding(top, right, bottom, left)
    if top + bottom <= 684 and left + right <= 230:
        assert room == given_room
