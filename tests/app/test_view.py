import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavalcade.app.view import Padding, Point, Size, center_camera, fit_camera, is_inside, metres_per_pixel, to_screen

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
