"""Making a session, coming in, and seeing each other."""

import asyncio
from collections.abc import Callable, Mapping

import httpx
import pytest

from cavalcade.client import (
    Closed,
    ErrorCode,
    LiveSession,
    Rejected,
    connect,
    create_session,
    fetch_session,
    find_nearby,
    join_session,
    preview_session,
)
from cavalcade.domain.model import Role
from tests.scenarios.people import SOON, Group, fetched_positions, fix


async def test_people_with_the_link_come_in_and_everyone_sees_everyone_move(server: str) -> None:
    async with Group(server) as group:
        preview = await preview_session(group.host.link or "")
        assert (preview.name, preview.participants) == ("Trip", 1)
        anna = await group.connect(group.host)
        ben = await group.connect(await group.join("Ben"))
        await anna.wait_for(lambda s: 2 in s.state.participants and s.present == {1, 2}, SOON)
        await ben.wait_for(lambda s: s.present == {1, 2}, SOON)
        assert anna.state == ben.state
        assert [p.name for p in anna.state.participants.values()] == ["Anna", "Ben"]
        assert [p.role for p in anna.state.participants.values()] == [Role.HOST, Role.MEMBER]
        here, there = fix(47.66, 9.18), fix(47.67, 9.19)
        anna.report(here)
        ben.report(there)
        for session in (anna, ben):
            await session.wait_for(lambda s: s.positions.keys() == {1, 2}, SOON)
            assert session.positions[1].to_fix() == here
            assert session.positions[2].to_fix() == there
        await fetched_positions(group.host, anna.positions)
        fetched = await fetch_session(group.host)
        assert (fetched.me, fetched.state) == (1, anna.state)
        (neighbour,) = await find_nearby(group.host, 5_000)
        assert neighbour.participant == 2
        assert neighbour.distance == pytest.approx(1340, abs=20)


async def test_json_and_packed_positions_are_the_same_numbers(server: str) -> None:
    async with Group(server) as group:
        packed = await group.connect(group.host, "binary")
        readable = await group.connect(await group.join(), "json")
        for step in range(3):
            packed.report(fix(47.1234567 + step, -0.0000001))
            readable.report(fix(-33.3333333 - step, 179.9999999))
            expected = {1: 471_234_567 + step * 10_000_000, 2: -333_333_333 - step * 10_000_000}
            for session in (packed, readable):
                await session.wait_for(has_latitudes(expected), SOON)
            assert packed.positions == readable.positions
            await asyncio.sleep(0.26)  # at most four a second from one participant


async def test_a_viewer_watches_and_sends_nothing(server: str) -> None:
    async with Group(server) as group:
        anna = await group.connect(group.host)
        assert group.host.viewer_link is not None
        viewer = await group.connect(await join_session(group.host.viewer_link, name="Watcher"))
        assert viewer.me is not None
        assert viewer.me.role is Role.VIEWER
        anna.report(fix())
        await viewer.wait_for(lambda s: 1 in s.positions, SOON)
        for refused in (viewer.send_fixes([fix()]), viewer.set_sharing(on=True), viewer.claim_host(), viewer.end()):
            with pytest.raises(Rejected) as rejected:
                await refused
            assert rejected.value.code is ErrorCode.FORBIDDEN


async def test_making_and_joining_again_under_the_same_key_makes_no_ghost(server: str) -> None:
    async with httpx.AsyncClient(base_url=server) as http:
        answers = [
            await http.post("/api/sessions", json={}, headers={"Idempotency-Key": "a-key-for-making-1"})
            for _ in range(2)
        ]
        first, second = (answer.json() for answer in answers)
        assert [answer.status_code for answer in answers] == [201, 201]
        for name in ("session", "code", "link", "viewer_code", "participant"):
            assert first[name] == second[name]
        joins = [
            await http.post(
                f"/api/sessions/{first['session']['id']}/join",
                json={"code": first["code"], "name": "Ben"},
                headers={"Idempotency-Key": "a-key-for-joining-1"},
            )
            for _ in range(2)
        ]
        assert [join.status_code for join in joins] == [201, 201]
        assert joins[0].json()["participant"] == joins[1].json()["participant"]
        assert (await preview_session(first["link"])).participants == 2


async def test_a_hundred_come_in_at_once_and_all_see_all(server: str) -> None:
    async with Group(server) as group:
        memberships = [group.host, *await asyncio.gather(*(group.join() for _ in range(99)))]
        assert sorted(m.participant for m in memberships) == list(range(1, 101))
        sessions = await asyncio.gather(*(group.connect(m) for m in memberships))
        for session in sessions:
            session.report(fix(47.0 + session.membership.participant / 1000))
        await asyncio.gather(
            *(session.wait_for(lambda s: len(s.positions) == 100 and len(s.present) == 100, 20) for session in sessions)
        )
        for session in sessions:
            assert session.state == sessions[0].state
            assert session.positions == sessions[0].positions


async def test_wrong_codes_and_foreign_tokens_do_not_get_in(server: str) -> None:
    async with Group(server) as group, Group(server) as other:
        assert group.host.code is not None
        wrong = group.host.code[:-4] + "AAAA"
        with pytest.raises(Rejected) as refused:
            await join_session((server, wrong))
        assert refused.value.code is ErrorCode.SESSION_NOT_FOUND
        stranger = type(group.host)(
            server, group.host.session_id, other.host.participant, other.host.token, group.host.socket
        )
        with pytest.raises(Rejected) as refused:
            async with connect(stranger):
                pass
        assert refused.value.code is ErrorCode.UNAUTHORIZED
        with pytest.raises(Rejected) as refused:
            await fetch_session(stranger)
        assert refused.value.code is ErrorCode.UNAUTHORIZED


async def test_the_newest_of_too_many_connections_stay(server: str) -> None:
    async with Group(server) as group:
        sessions = [await group.connect(group.host) for _ in range(5)]
        await sessions[0].wait_for(lambda s: s.closed == Closed("replaced"), SOON)
        assert all(session.closed is None for session in sessions[1:])


async def test_a_session_with_bad_fields_is_refused_with_all_of_them(server: str) -> None:
    with pytest.raises(Rejected) as refused:
        await create_session(server, name="x" * 49, lifetime_s=10**9, host_color="red")
    assert refused.value.code is ErrorCode.INVALID_REQUEST
    assert {error.pointer for error in refused.value.errors} == {"/name", "/lifetime_s", "/host/color"}


def has_latitudes(expected: Mapping[int, int]) -> Callable[[LiveSession], bool]:
    """Whether everybody is at such a latitude."""
    return lambda session: {who: where.lat for who, where in session.positions.items()} == expected
