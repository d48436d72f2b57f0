"""SOS and alerts: one and only one, with everybody, again while nobody helps, and gone when it is over."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from cavalcade.client import (
    AlertKind,
    ErrorCode,
    LiveSession,
    Membership,
    Rejected,
    Resumption,
    SosAnswer,
    SosKind,
    SosReason,
    join_session,
)
from cavalcade.domain.features.alerts import RecentAlerts
from cavalcade.domain.features.sos import Sos, standing
from testbed.installations.proxy import Proxy
from tests.scenarios.people import SOON, Group, through
from tests.scenarios.raw_socket import open_socket

HERE = (47.6612345, 9.1823456)
IN_TIME = 30.0
"""An SOS comes again after a second and two here; a busy machine may take longer."""


def only(session: LiveSession) -> Sos:
    (sos,) = standing(session.state)
    return sos


async def kept(membership: Membership, kind: str = "sos_") -> list[Mapping[str, Any]]:
    """The events of some types that are stored, as somebody reads them who asks for all."""
    async with open_socket(membership) as raw:
        events = (await raw.join(offset=0))["events"]
        assert isinstance(events, list)
        return [event for event in events if event["type"].startswith(kind)]


async def test_it_comes_again_until_somebody_goes_and_its_place_goes_with_it(server: str) -> None:
    async with Group(server) as group:
        anna, ben = await group.pair()
        assert group.host.viewer_link is not None
        watching = await group.connect(await join_session(group.host.viewer_link, name="Vera"))
        await ben.set_sharing(on=False)
        sos = await ben.raise_sos(SosKind.INJURED, place=HERE)
        await anna.wait_for(lambda s: bool(standing(s.state)), SOON)
        raised = only(anna)
        assert (raised.sos, raised.participant, raised.by, (raised.lat, raised.lon)) == (sos, 2, 2, HERE)
        assert anna.state.participants[2].sharing
        for session in (anna, ben):
            await session.wait_for(lambda s: only(s).stage == 2, IN_TIME)
        assert [(event["type"], event["data"]) for event in await kept(group.host)][1:] == [
            ("sos_escalated", {"sos": sos, "stage": 1}),
            ("sos_escalated", {"sos": sos, "stage": 2}),
        ]
        await anna.answer_sos(sos, SosAnswer.GOING)
        await ben.wait_for(lambda s: only(s).answers == {"1": SosAnswer.GOING}, SOON)
        await watching.wait_for(lambda s: s.state.offset == anna.state.offset, SOON)
        assert standing(watching.state) == ()
        with pytest.raises(Rejected) as refused:
            await watching.raise_sos(SosKind.OTHER)
        assert refused.value.code is ErrorCode.FORBIDDEN
        await anna.clear_sos(sos, SosReason.SOLVED)
        for session in (anna, ben):
            await session.wait_for(lambda s: standing(s.state) == (), SOON)
        events = await kept(group.host)
        assert [event["type"] for event in events] == [
            "sos_raised",
            *["sos_escalated"] * 2,
            "sos_answered",
            "sos_cleared",
        ]
        assert events[0]["data"] is None
        assert "47.66" not in json.dumps(events)


async def test_an_answer_stops_it_and_each_of_two_has_their_own(server: str) -> None:
    async with Group(server) as group:
        anna, ben = await group.pair()
        mine, bens = await asyncio.gather(anna.raise_sos(SosKind.LOST), ben.raise_sos(SosKind.BREAKDOWN))
        await anna.answer_sos(bens, SosAnswer.GOING)
        await ben.wait_for(lambda s: any(one.sos == mine and one.stage == 2 for one in standing(s.state)), IN_TIME)
        assert {one.sos: one.stage for one in standing(ben.state)} == {mine: 2, bens: 0}


async def test_three_witnesses_and_the_person_make_one(server: str) -> None:
    async with Group(server) as group:
        anna, ben = await group.pair()
        others = [await group.connect(await group.join()) for _ in range(2)]
        raising = [one.raise_sos(SosKind.INJURED, place=HERE, participant=2) for one in (anna, *others)]
        named = await asyncio.gather(*raising, ben.raise_sos(SosKind.OTHER))
        assert len(set(named)) == 1
        raised = [event for event in await kept(group.host) if event["type"] == "sos_raised"]
        assert [event["offset"] for event in raised] == [named[0]]


@pytest.mark.parametrize("dies", ["before it is sent", "before the answer", "after the answer"])
async def test_raised_and_killed_it_is_there_once_when_the_network_is_back(server: str, wire: Proxy, dies: str) -> None:
    async with Group(server) as group:
        anna = await group.connect(group.host)
        membership = through(wire, await group.join("Ben"))
        ben = LiveSession(membership)
        ben.start()
        await ben.joined(SOON)
        if dies == "before it is sent":
            wire.cut()
        raising = asyncio.ensure_future(ben.raise_sos(SosKind.INJURED, place=HERE))
        await asyncio.sleep(0)  # it is asked for
        if dies == "after the answer":
            await raising
        elif dies == "before the answer":
            await anna.wait_for(lambda s: bool(standing(s.state)), SOON)
        # What a program writes down as it goes; then it is gone without a word.
        written = json.dumps(ben.resumption().to_dict())
        await ben.close()
        await asyncio.gather(raising, return_exceptions=True)
        wire.mend()
        again = LiveSession(membership, resumption=Resumption.from_dict(json.loads(written)))
        again.start()
        await again.wait_for(lambda s: bool(standing(s.state)) and not s.resumption().operations, IN_TIME)
        raised = [event["offset"] for event in await kept(group.host) if event["type"] == "sos_raised"]
        assert raised == [only(again).sos]
        await again.close()


async def test_an_alert_that_many_judge_is_one(server: str) -> None:
    async with Group(server) as group:
        anna, ben = await group.pair()
        alert = await ben.raise_alert(AlertKind.STOPPED)
        assert await ben.raise_alert(AlertKind.STOPPED) == alert
        assert await anna.raise_alert(AlertKind.STRAGGLER) == alert + 1
        with pytest.raises(Rejected) as refused:
            await anna.raise_alert(AlertKind.NO_NEWS, participant=2)
        assert refused.value.code is ErrorCode.FORBIDDEN
        await anna.wait_for(lambda s: len(s.state.features.of(RecentAlerts).recent) == 2, SOON)
        assert [event["data"]["participant"] for event in await kept(group.host, "alert_")] == [2, 1]
