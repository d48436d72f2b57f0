from hypothesis import given
from hypothesis import strategies as st

from cavalcade.app.camera.framing import Point
from cavalcade.app.camera.glide import LONGEST_MS, MOVES_PER_S, SLOWEST_HZ, Glide, step_s

near = st.builds(Point, st.floats(47.60, 47.61), st.floats(9.18, 9.19))


@given(near, st.lists(st.tuples(near, st.integers(1, 5_000)), max_size=10))
def test_a_marker_stays_between_fixes_and_arrives(start: Point, fixes: list[tuple[Point, int]]) -> None:
    glide, now, seen = Glide(start, 0), 0, [start]
    for target, later in fixes:
        now += later
        glide.move_to(target, now)
        seen.append(target)
        for step in (0, 100, 400):
            at = glide.at(now + step)
            assert min(p.lat for p in seen) - 1e-9 <= at.lat <= max(p.lat for p in seen) + 1e-9
            assert min(p.lon for p in seen) - 1e-9 <= at.lon <= max(p.lon for p in seen) + 1e-9
    assert glide.at(now + LONGEST_MS) == seen[-1]
    assert not glide.is_moving(now + LONGEST_MS)


def test_it_takes_the_short_way_over_the_antimeridian_and_jumps_far() -> None:
    glide = Glide(Point(0, 179.999), 0)
    glide.move_to(Point(0, -179.999), 1_000)
    assert abs(glide.at(1_500).lon) > 179.99
    glide.move_to(Point(10, 0), 2_000)
    assert glide.at(2_000) == Point(10, 0)


@given(st.integers(0, 200))
def test_steps_share_a_budget(moving: int) -> None:
    assert moving / step_s(moving) <= max(MOVES_PER_S, moving * SLOWEST_HZ) + 1e-6
    assert 0.1 <= step_s(moving) <= 1
