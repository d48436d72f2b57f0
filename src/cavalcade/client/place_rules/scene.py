"""What a client sees of places when it judges."""

from collections.abc import Sequence
from dataclasses import dataclass

from cavalcade.client.motion.scene import Scene
from cavalcade.domain.features.places import Place
from cavalcade.domain.features.regroup import Regroup
from cavalcade.domain.fix import Fix
from cavalcade.domain.geo import distance_m


@dataclass(frozen=True, slots=True)
class PlaceScene:
    """A session with its places at one moment, as one of its clients sees it.

    Attributes:
        people: Who is where.
        places: The places, by offset.
        call: The call to regroup that stands; None where none does.
    """

    people: Scene
    places: Sequence[Place] = ()
    call: Regroup | None = None

    @property
    def meeting_place(self) -> Place | None:
        """Where the group is to meet; None where it is not, or the next stop is not known yet."""
        called = None if self.call is None else self.call.place
        return next((one for one in self.places if one.place == called), None)


def metres_to(place: Place, fix: Fix) -> float:
    """The straight distance from a fix to a place."""
    return distance_m(fix.lat, fix.lon, place.lat, place.lon)
