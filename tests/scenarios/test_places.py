"""Places, hazards and calls to regroup: seen by all, gone for all, told once."""

import asyncio
import json
from typing import Any

import pytest

from cavalcade.client import (
    AlertKind,
    ErrorCode,
    LiveSession,
    PlaceKind,
    Rejected,
    download_places,
    join_session,
)
from cavalcade.client.place_files.waypoints import read_waypoints
from cavalcade.domain.features.alerts import RecentAlerts
from cavalcade.domain.features.places import Place, places
from cavalcade.domain.features.regroup import standing
from testbed.installations.proxy import Proxy
from tests.scenarios.people import SOON, Group, through
from tests.scenarios.raw_socket import open_socket

HERE = (47.6612345, 9.1812345)
REMOVED_S = 2.0


def seen(session: LiveSession) -> tuple[Place, ...]:
    return places(session.state)


async def test_a_place_is_seen_by_all_and_gone_for_all_who_come_back_too(server: str, wire: Proxy) -> None:
    async with Group(server) as group:
        anna, ben = await group.pair()
        viewer = await group.connect(await join_session(group.host.viewer_link or ""))
        away = await group.connect(through(wire, await group.join("Cleo")))
        place = await ben.add_place(PlaceKind.MEET, HERE, name="Xyzzy", note="Plugh")
        for session in (anna, ben, viewer, away):
            await session.wait_for(lambda s: [one.name for one in seen(s)] == ["Xyzzy"], SOON)
        wire.cut()
        assert await ben.set_place(place, name="Frobozz") > place
        with pytest.raises(Rejected) as forbidden:
            await viewer.remove_place(place)
        assert forbidden.value.code is ErrorCode.FORBIDDEN
        await anna.wait_for(lambda s: [one.name for one in seen(s)] == ["Frobozz"], SOON)
        await anna.remove_place(place)
        async with asyncio.timeout(REMOVED_S):
            for session in (anna, ben, viewer):
                await session.wait_for(lambda s: not seen(s), SOON)
        wire.mend()
        await away.wait_for(lambda s: not seen(s), 2 * SOON)
        for membership in (group.host, viewer.membership, await group.join("Dora")):
            async with open_socket(membership) as socket:
                later = json.dumps([await socket.join(), await socket.join(offset=0)])
            assert not [trace for trace in ("Xyzzy", "Plugh", "Frobozz", str(HERE[0])) if trace in later]


async def test_what_went_out_as_a_file_comes_back(server: str) -> None:
    async with Group(server) as group:
        anna = await group.connect(group.host)
        await anna.add_place(PlaceKind.FUEL, HERE, name="A & B <br>", note="By the church")
        files = [await download_places(group.host), await download_places(group.host, "geojson")]
        for file in files:
            (found,) = read_waypoints(file).waypoints
            assert (found.name, found.note, found.kind) == ("A & B <br>", "By the church", PlaceKind.FUEL)
            assert (found.lat, found.lon) == HERE


async def test_two_who_see_all_there_at_once_tell_it_once_and_end_the_call(server: str) -> None:
    async with Group(server) as group:
        anna, ben = await group.pair()
        with pytest.raises(Rejected) as forbidden:
            await ben.call_regroup()
        assert forbidden.value.code is ErrorCode.FORBIDDEN
        await anna.call_regroup()
        await ben.wait_for(lambda s: standing(s.state) is not None, SOON)
        await anna.place_regroup(*HERE)
        await ben.wait_for(lambda s: len(seen(s)) == 1, SOON)
        place = seen(ben)[0].place
        told = await asyncio.gather(*(who.raise_alert(AlertKind.ALL_HERE, place=place) for who in (anna, ben)))
        assert len(set(told)) == 1
        for session in (anna, ben):
            await session.wait_for(lambda s: standing(s.state) is None, SOON)
            recent = session.state.features.of(RecentAlerts).recent
            assert [(one.kind, one.place) for one in recent] == [(AlertKind.ALL_HERE, place)]


async def test_two_who_find_nothing_take_a_hazard_away(server: str) -> None:
    async with Group(server) as group:
        anna, ben = await group.pair()
        hazard = await anna.add_place(PlaceKind.HAZARD, HERE)
        await ben.deny_hazard(hazard)
        await anna.wait_for(lambda s: [one.gone for one in seen(s)] == [(2,)], SOON)
        await anna.deny_hazard(hazard)
        for session in (anna, ben):
            await session.wait_for(lambda s: not seen(s), SOON)


@pytest.mark.parametrize(
    ("payload", "pointers"),
    [
        ({"kind": "pub", "lat": 91, "lon": 1e9}, ["/kind", "/lat", "/lon"]),
        ({"kind": "meet", "lat": 0, "lon": 0}, ["/lat"]),
        ({"kind": "meet", "lat": 1, "lon": 1, "name": "x" * 41, "note": "\u202e", "radius_m": 10**30}, None),
        ({"kind": "meet", "lat": 1, "lon": 1, "participant": 1}, ["/participant"]),
        ({"kind": ["meet"], "lat": "1", "lon": True}, ["/kind", "/lat", "/lon"]),
    ],
)
async def test_what_cannot_be_a_place_is_refused_with_each_bad_field(
    server: str, payload: dict[str, object], pointers: list[str] | None
) -> None:
    async with Group(server) as group, open_socket(group.host) as socket:
        await socket.join()
        status, answer = await socket.ask("place:add", {"op_id": "p", **payload})
        assert status == "error"
        errors: Any = answer["errors"]
        found = [error["pointer"] for error in errors]
        assert found == (["/name", "/note", "/radius_m"] if pointers is None else pointers)
