"""The ways that come with Cavalcade, for those who bring no GPX file."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from cavalcade.simulate.gpx import read_points
from cavalcade.simulate.route import Route, lake_tour

_CITY_SPEED: Final = 11.5
"""m/s, about 40 km/h."""


def helsinki_tour() -> Route:
    """Seven kilometres of real streets in the centre of Helsinki, those that the page has a map of.

    `tools/helsinki_streets.py` made the way, from data © OpenStreetMap contributors under the ODbL.
    """
    return Route(read_points(Path(__file__).parent / "helsinki.gpx"), loop=True, speed_limit=_CITY_SPEED)


TOURS: Final[Mapping[str, Callable[[], Route]]] = {"helsinki": helsinki_tour, "lake": lake_tour}
