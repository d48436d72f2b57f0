"""The shell over real sockets, against a server that can be made to misbehave."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from cavalcade.client import (
    Closed,
    ConnectionChanged,
    ConnectionState,
    ErrorCode,
    EventReceived,
    Fix,
    LiveSession,
    PositionsReceived,
    ProtocolError,
    Rejected,
    Resumption,
    SessionOver,
    SosKind,
    Timing,
    Unreachable,
    Withdrawn,
    connect,
)
from cavalcade.client.clock import epoch_ms
from cavalcade.domain.feature import Command
from cavalcade.domain.features.ending import EndSession, Expire
from cavalcade.domain.features.fixes import SendFixes
from cavalcade.domain.features.membership import Leave
from cavalcade.domain.features.profile import SetProfile
from cavalcade.domain.features.sharing import SetSharing
from cavalcade.domain.features.sos import standing
from cavalcade.domain.fix import Position
from cavalcade.domain.operations import Operation
from cavalcade.domain.session import FEATURES
from cavalcade.wire.messages import Mode
from tests.client.room import NOW, Room, open_room

HASTY = Timing(heartbeat_ms=100, answer_ms=300, stable_ms=200)
SOON = 5.0
HERE = Fix(47.66, 9.18, NOW, accuracy=8.0, heading=90.0, speed=12.5, altitude=400, battery=80)


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    async with open_room() as opened:
        yield opened


def offline(session: LiveSession) -> bool:
    return session.connection is not ConnectionState.JOINED


def joined(session: LiveSession) -> bool:
    return session.connection is ConnectionState.JOINED


@pytest.mark.parametrize("mode", ["json", "binary"])
async def test_two_members_see_each_other_move(room: Room, mode: Mode) -> None:
    anna, ben = room.let_in(), room.let_in()
    async with connect(anna, mode=mode) as first, connect(ben, mode="json") as second:
        first.report(HERE)
        await second.wait_for(lambda s: 1 in s.positions, SOON)
        await first.wait_for(lambda s: 1 in s.positions and s.present == {1, 2}, SOON)
        assert second.positions[1].to_fix() == HERE
        assert first.positions == second.positions
        assert second.state == first.state
        assert first.me is not None
        assert first.me.id == 1


async def test_a_fix_is_as_new_as_it_is_whatever_this_devices_clock_says(room: Room) -> None:
    # The room's clock is weeks away from that of the machine.
    assert abs(epoch_ms() - NOW) > 3_600_000
    anna, ben = room.let_in(), room.let_in()
    early = LiveSession(anna)
    early.report(Fix(47.66, 9.18))
    early.start()
    async with connect(ben) as session:
        await session.wait_for(lambda s: 1 in s.positions, SOON)
        assert abs(session.positions[1].fix_time - NOW) < 60_000
        by_the_wall = session.report(Fix(47.67, 9.19, epoch_ms() - 90_000))
        assert by_the_wall is not None
        assert abs(NOW - 90_000 - (by_the_wall.fix_time or 0)) < 60_000
        kept = await session.send_fixes([Fix(47.67, 9.19, epoch_ms())])
        assert kept == 1
    await early.close()


async def test_a_reading_of_no_place_is_not_shared(room: Room) -> None:
    async with connect(room.let_in()) as session:
        assert session.report(Fix(0.0, 0.0)) is None
        told = session.report(Fix(47.66, 9.18, heading=-1, speed=-1, accuracy=0))
        assert told is not None
        assert (told.heading, told.speed, told.accuracy) == (None, None, None)
        await session.wait_for(lambda s: 1 in s.positions, SOON)
        assert session.positions[1].to_fix().lat == 47.66


async def test_presence_follows_connections(room: Room) -> None:
    anna, ben = room.let_in(), room.let_in()
    async with connect(anna) as first:
        async with connect(ben):
            await first.wait_for(lambda s: s.present == {1, 2}, SOON)
        await first.wait_for(lambda s: s.present == {1}, SOON)


async def test_missed_events_arrive_after_a_cut_without_a_snapshot(room: Room) -> None:
    anna, _ = room.let_in(), room.let_in()
    async with connect(anna) as session:
        room.cut()
        room.apply(Operation(2, SetProfile(name="Ben")))
        await session.wait_for(lambda s: s.state.participants[2].name == "Ben", SOON)
        assert room.joins == [{"mode": "binary"}, {"mode": "binary", "offset": 2}]


async def test_too_far_back_gets_a_snapshot(room: Room) -> None:
    anna, _ = room.let_in(), room.let_in()
    async with connect(anna) as session:
        room.furthest_back = 0
        room.cut()
        room.apply(Operation(2, SetProfile(name="Ben")))
        await session.wait_for(lambda s: s.state.participants[2].name == "Ben", SOON)


async def test_a_position_withdrawn_while_away_is_gone(room: Room) -> None:
    anna, _ = room.let_in(), room.let_in()
    async with connect(anna) as session:
        room.show(2, Position(NOW, 1, 2))
        await session.wait_for(lambda s: 2 in s.positions, SOON)
        room.cut()
        room.apply(Operation(2, SetSharing(on=False)))
        await session.wait_for(lambda s: not s.state.participants[2].sharing, SOON)
        assert not session.positions


async def test_an_operation_survives_a_cut_and_happens_once(room: Room) -> None:
    async with connect(room.let_in(), timing=HASTY) as session:
        room.replies_allowed.clear()
        asking = asyncio.create_task(session.set_profile(name="Anna"))
        await session.wait_for(lambda s: s.state.participants[1].name == "Anna", SOON)
        room.cut()
        room.replies_allowed.set()
        assert await asking == 2
        assert len(room.operations) == 2
        assert len(set(room.operations)) == 1
        assert len(room.events) == 2


@pytest.mark.parametrize("command", [command for feature in FEATURES for *_, command in feature.asked])
async def test_any_operation_of_a_feature_can_be_asked_for(room: Room, command: Command) -> None:
    async with connect(room.let_in()) as session:
        if not isinstance(command, SendFixes):  # it has a way of its own, in parts
            with suppress(Rejected):  # by a rule of the feature: nobody else is there
                await session.ask(command)
            assert room.commands == [command]


async def test_what_a_participant_cannot_ask_for_is_an_error(room: Room) -> None:
    async with connect(room.let_in()) as session:
        with pytest.raises(ValueError, match="Expire"):
            await session.ask(Expire())


async def test_an_unavailable_server_is_asked_again_under_the_same_id(room: Room) -> None:
    async with connect(room.let_in()) as session:
        room.refusals.extend([ErrorCode.UNAVAILABLE, ErrorCode.UNAVAILABLE])
        assert await session.set_profile(name="Anna") == 2
        assert len(room.operations) == 3
        assert len(set(room.operations)) == 1


async def test_operations_asked_for_offline_arrive_in_order(room: Room) -> None:
    async with connect(room.let_in()) as session:
        await room.shut()
        await session.wait_for(offline, SOON)
        asking = [asyncio.create_task(session.set_profile(name=name)) for name in ("A", "B", "C")]
        await room.open()
        async with asyncio.timeout(SOON):
            assert await asyncio.gather(*asking) == [2, 3, 4]
        assert session.state.participants[1].name == "C"


async def test_a_refusal_is_raised_with_its_code(room: Room) -> None:
    room.let_in()
    async with connect(room.let_in()) as session:
        with pytest.raises(Rejected) as refused:
            await session.end()
        assert refused.value.code is ErrorCode.FORBIDDEN
        assert await session.set_profile(name="Still here") == 3


async def test_the_newest_fix_is_kept_while_offline(room: Room) -> None:
    anna, ben = room.let_in(), room.let_in()
    async with connect(anna) as session, connect(ben) as other:
        await room.shut()
        await session.wait_for(offline, SOON)
        for second in range(5):
            session.report(Fix(47.0 + second, 9.0, NOW + second))
        await room.open()
        await other.wait_for(lambda s: 1 in s.positions and s.positions[1].lat == 510_000_000, SOON)


async def test_nothing_is_sent_from_the_moment_sharing_is_paused(room: Room) -> None:
    async with connect(room.let_in()) as session:
        room.replies_allowed.clear()
        pausing = asyncio.create_task(session.set_sharing(on=False))
        await asyncio.sleep(0)
        session.report(HERE)
        room.replies_allowed.set()
        await pausing
        session.report(HERE)
        await session.set_profile(name="A later frame")
        assert not room.positions


async def test_fixes_kept_by_the_caller_go_in_one_operation(room: Room) -> None:
    async with connect(room.let_in()) as session:
        assert await session.send_fixes([HERE, Fix(47.0, 9.0, NOW + 1)]) == 2
        assert await session.send_fixes(Fix(47.0, 9.0, NOW + n) for n in range(600)) == 600
        assert [name for name, _ in room.operations] == ["fixes:send"] * 3


async def test_leaving_ends_the_object(room: Room) -> None:
    async with connect(room.let_in()) as session:
        reader = session.changes()
        assert await session.leave() == 2
        assert session.closed == Closed("left")
        changes = [change async for change in reader]
        assert changes[-1] == Closed("left")
        with pytest.raises(SessionOver):
            await session.set_profile(name="Ghost")


async def test_the_end_for_all_closes_everybody(room: Room) -> None:
    async with connect(room.let_in()) as host, connect(room.let_in()) as member:
        room.apply(Operation(1, EndSession()))
        await host.wait_for(lambda s: s.closed == Closed("ended"), SOON)
        await member.wait_for(lambda s: s.closed == Closed("ended"), SOON)
        with pytest.raises(SessionOver):
            await member.wait_for(lambda s: s.connection is ConnectionState.JOINED, SOON)


async def test_a_leave_whose_answer_was_lost_counts_as_done(room: Room) -> None:
    async with connect(room.let_in()) as session:
        await room.shut()
        await session.wait_for(offline, SOON)
        leaving = asyncio.create_task(session.leave())
        await asyncio.sleep(0)
        room.join_refusals.append(ErrorCode.SESSION_NOT_FOUND)
        await room.open()
        assert await asyncio.wait_for(leaving, SOON) == 1


async def test_leaving_elsewhere_ends_this_one_too(room: Room) -> None:
    async with connect(room.let_in()) as session:
        room.apply(Operation(1, Leave()))
        await session.wait_for(lambda s: s.closed == Closed("left"), SOON)


@pytest.mark.parametrize(("code", "reason"), [(4401, "unauthorized"), (4404, "session_not_found"), (4409, "replaced")])
async def test_a_final_close_ends_the_object_without_another_attempt(room: Room, code: int, reason: str) -> None:
    async with connect(room.let_in()) as session:
        await room.close_all(code)
        await session.wait_for(lambda s: s.closed == Closed(reason), SOON)
        assert room.connections == 1


@pytest.mark.parametrize("code", [1000, 1011, 1012])
async def test_any_other_close_is_followed_by_a_reconnect(room: Room, code: int) -> None:
    async with connect(room.let_in()) as session:
        await room.close_all(code)
        await session.wait_for(lambda s: room.connections == 2 and joined(s), SOON)


async def test_a_final_refusal_is_raised_by_connect(room: Room) -> None:
    room.join_refusals.append(ErrorCode.UNAUTHORIZED)
    with pytest.raises(Rejected) as refused:
        async with connect(room.let_in()):
            pass
    assert refused.value.code is ErrorCode.UNAUTHORIZED
    assert room.connections == 1


async def test_a_refusal_that_may_be_retried_is(room: Room) -> None:
    room.join_refusals.extend([ErrorCode.UNAVAILABLE] * 3)
    async with connect(room.let_in()) as session:
        assert len(room.joins) == 4
        assert session.state.offset == 1


async def test_an_answer_of_an_unknown_form_is_named(room: Room) -> None:
    room.reply_form = {"offset": 1, "server_time": NOW, "me": 1, "positions": []}
    with pytest.raises(ProtocolError, match="snapshot or events"):
        async with connect(room.let_in()):
            pass


async def test_a_server_that_is_away_is_named(room: Room) -> None:
    membership = room.let_in()
    await room.shut()
    with pytest.raises(Unreachable, match=r"within 0\.3 s: .+"):
        async with connect(membership, join_within_s=0.3):
            pass


async def test_heartbeats_keep_the_connection_and_a_missing_answer_ends_it(room: Room) -> None:
    async with connect(room.let_in(), timing=HASTY) as session:
        async with asyncio.timeout(SOON):
            while room.heartbeats < 2:  # noqa: ASYNC110 - the client does not tell of answered heartbeats
                await asyncio.sleep(0.01)
        assert room.connections == 1
        room.answers_heartbeats = False
        await session.wait_for(offline, SOON)
        room.answers_heartbeats = True
        await session.wait_for(joined, SOON)
        assert room.connections == 2


async def test_a_gap_in_the_offsets_leads_to_a_snapshot(room: Room) -> None:
    async with connect(room.let_in()) as session:
        room._members, members = {}, room._members
        room.apply(Operation(1, SetProfile(name="Unheard")))
        room._members = members
        room.apply(Operation(1, SetProfile(name="Heard")))
        await session.wait_for(lambda s: s.state.offset == 3 and joined(s), SOON)
        assert "offset" not in room.joins[-1]
        assert room.connections == 1


async def test_changes_tell_everything_in_order(room: Room) -> None:
    async with connect(room.let_in()) as session:
        reader = session.changes()
        room.show(1, Position(NOW, 1, 2))
        room.apply(Operation(1, SetProfile(name="Anna")))
        await session.wait_for(lambda s: s.state.offset == 2, SOON)
    changes = [change async for change in reader]
    assert [type(change) for change in changes[-4:]] == [PositionsReceived, EventReceived, ConnectionChanged, Closed]
    assert changes[-1] == Closed("disconnected")


async def test_a_condition_that_fails_says_so(room: Room) -> None:
    async with connect(room.let_in()) as session:
        with pytest.raises(KeyError):
            await session.wait_for(lambda s: s.positions[9] is not None, SOON)
        with pytest.raises(TimeoutError):
            await session.wait_for(lambda s: 9 in s.positions, 0.01)


async def test_a_place_off_the_earth_is_refused(room: Room) -> None:
    async with connect(room.let_in()) as session:
        with pytest.raises(ValueError, match="on the Earth"):
            session.report(Fix(91.0, 0.0))


async def test_a_killed_program_resumes_with_its_offset_and_sends_again_what_had_no_answer(room: Room) -> None:
    anna, _ = room.let_in(), room.let_in()
    async with connect(anna) as session:
        room.replies_allowed.clear()
        asked = asyncio.ensure_future(session.set_profile(name="Anne"))
        await session.wait_for(lambda s: s.state.participants[1].name == "Anne", SOON)
        kept = json.loads(json.dumps(session.resumption().to_dict()))
        asked.cancel()
    room.replies_allowed.set()
    room.apply(Operation(2, SetProfile(name="Ben")))
    later = LiveSession(anna, resumption=Resumption.from_dict(kept))
    assert later.state.participants[1].name == "Anne"
    later.start()
    await later.wait_for(lambda s: s.state.participants[2].name == "Ben" and not s.resumption().operations, SOON)
    assert room.joins[-1] == {"mode": "binary", "offset": 3}
    assert [event for event, _ in room.operations] == ["profile:set", "profile:set"]
    assert len({op_id for _, op_id in room.operations}) == 1
    assert later.state == room.state
    await later.close()


async def test_an_sos_that_is_taken_back_offline_is_never_sent(room: Room) -> None:
    async with connect(room.let_in()) as session:
        await session.set_sharing(on=False)
        room.cut()
        await session.wait_for(offline, SOON)
        raising = asyncio.ensure_future(session.raise_sos(SosKind.LOST))
        await asyncio.sleep(0)  # it is asked for
        assert session.cancel_sos()
        with pytest.raises(Withdrawn):
            await raising
        await session.wait_for(joined, SOON)
        await session.set_profile(name="Anna")
        assert [event for event, _ in room.operations] == ["sharing:set", "profile:set"]


async def test_an_sos_that_is_taken_back_on_its_way_is_ended(room: Room) -> None:
    async with connect(room.let_in()) as session:
        room.replies_allowed.clear()
        raising = asyncio.ensure_future(session.raise_sos(SosKind.LOST))
        await session.wait_for(lambda s: bool(standing(s.state)), SOON)
        assert not session.cancel_sos()
        room.replies_allowed.set()
        with pytest.raises(Withdrawn):
            await raising
        await session.wait_for(lambda s: not standing(s.state) and not s.resumption().operations, SOON)
        assert [event for event, _ in room.operations] == ["sos:raise", "sos:clear"]
