"""Decides when the camera that keeps everybody in the picture moves, and where to; pure.

The same as the page's `steering.ts`, held to account by the same `tests/vectors/view.json`. Hysteresis keeps the map
calm: the camera moves when somebody is about to leave the picture, or when the group could be shown clearly larger and
stays so for a while; never because positions jitter. One fix that nobody could have ridden to does not count until a
second one bears it out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from cavalcade.app.camera.framing import Camera, Padding, Point, Size, fit_camera, is_inside, roomy_padding
from cavalcade.domain.geo import distance_m

REST_MS: Final = 1_500
"""A movement is to be over, and looked at, before the next one begins."""

NOTHING_COVERED: Final = Padding(0, 0, 0, 0)

ZOOM_SLACK: Final = 0.9
"""The group may shrink to this many zoom levels below the best fit before the camera comes closer."""

SPACIOUS_MS: Final = 4_000
"""It must have been so close together for this long: groups draw out again at the next bend."""

FREE_JUMP_M: Final = 150.0
FASTEST_M_S: Final = 90.0
"""Farther than the one and faster than the other, a fix is suspect."""

WORST_ACCURACY_M: Final = 1_000.0
SUSPICION_MS: Final = 10_000
"""A suspect fix that nothing has contradicted for so long is believed."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A position as far as the camera cares.

    Attributes:
        id: Whose.
        point: Where.
        fix_time: ms on the server's clock.
        accuracy: Metres; 0 where unknown.
    """

    id: int
    point: Point
    fix_time: int
    accuracy: float = 0.0


@dataclass(frozen=True, slots=True)
class Scene:
    """What is to be shown now.

    Attributes:
        now: ms on the server's clock.
        people: Whom the camera keeps in the picture.
        size: The picture's.
        padding: What panels cover of it.
        bearing: The direction that is up.
        is_wanted: Fit at once: somebody asked for everybody.
        is_reframed: Fit at once, unless there is too little room to: the picture has another size, direction or frame.
    """

    now: int
    people: Sequence[Sighting]
    size: Size
    padding: Padding
    bearing: float = 0.0
    is_wanted: bool = False
    is_reframed: bool = False


@dataclass(frozen=True, slots=True)
class Trusted:
    """The fix that the camera believes, and the newest where that is too far off to be believed alone."""

    accepted: Sighting
    suspect: Sighting | None = None


@dataclass(frozen=True, slots=True)
class Steering:
    """What is remembered from one decision to the next.

    Attributes:
        camera: Where it stands, or is on its way to; None before the first decision.
        moved_at: When it was last eased to another place; the first picture is not eased.
        spacious_since: Since when the group could be shown clearly larger.
        trusted: By participant.
    """

    camera: Camera | None = None
    moved_at: int = 0
    spacious_since: int | None = None
    trusted: Mapping[int, Trusted] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Move:
    """Where the camera goes now; the first picture is not eased, since there is nothing to come from."""

    camera: Camera
    is_eased: bool


def steer(before: Steering, scene: Scene) -> tuple[Steering, Move | None]:
    """Decides what the camera does now.

    Returns:
        What to remember, and the movement; None to leave the camera where it is.
    """
    trusted = {one.id: _weigh(before.trusted.get(one.id), one, scene.now) for one in scene.people}
    points = [one.accepted.point for one in trusted.values()]
    padding = roomy_padding(scene.size, scene.padding)
    best = fit_camera(points, scene.size, padding, scene.bearing)
    if best is None:
        return replace(before, trusted=trusted), None
    camera = before.camera
    if camera is None:
        # It is there at once: who appears right after it, as one's own position does, waits for nothing.
        return Steering(best, trusted=trusted), Move(best, is_eased=False)
    # Where panels leave too little room, the camera stays unless somebody is beyond the whole picture.
    is_tight = padding != scene.padding
    frame = NOTHING_COVERED if is_tight else padding
    is_seen = camera.bearing == scene.bearing and all(is_inside(camera, point, scene.size, frame) for point in points)
    if scene.is_wanted or (scene.is_reframed and not (is_tight and is_seen)):
        return Steering(best, scene.now, None, trusted), Move(best, is_eased=True)
    is_spacious = not is_tight and best.zoom - camera.zoom > ZOOM_SLACK
    spacious_since = (scene.now if before.spacious_since is None else before.spacious_since) if is_spacious else None
    # A group all around the globe fits into no picture: moving for it would be for nothing.
    is_leaving = any(
        not is_inside(camera, point, scene.size, frame) and is_inside(best, point, scene.size, frame)
        for point in points
    )
    is_due = is_leaving or (spacious_since is not None and scene.now - spacious_since >= SPACIOUS_MS)
    if is_due and scene.now - before.moved_at >= REST_MS:
        return Steering(best, scene.now, None, trusted), Move(best, is_eased=True)
    return replace(before, trusted=trusted, spacious_since=spacious_since), None


def _weigh(before: Trusted | None, seen: Sighting, now: int) -> Trusted:
    if before is None:
        return Trusted(seen)
    accepted, suspect = before.accepted, before.suspect
    if seen.fix_time <= accepted.fix_time:
        return before
    is_borne_out = (
        _is_rideable(accepted, seen)
        or (suspect is not None and suspect.fix_time < seen.fix_time and _is_rideable(suspect, seen))
        or now - seen.fix_time >= SUSPICION_MS
    )
    return Trusted(seen) if is_borne_out else Trusted(accepted, seen)


def _is_rideable(start: Sighting, end: Sighting) -> bool:
    unsure = min(start.accuracy, WORST_ACCURACY_M) + min(end.accuracy, WORST_ACCURACY_M)
    farthest = FREE_JUMP_M + unsure + FASTEST_M_S * (end.fix_time - start.fix_time) / 1_000
    return distance_m(*start.point, *end.point) <= farthest
