"""What is broadcast to a session and not stored: scenarios for the seam of both backends, written once.

No operation of the contract broadcasts by itself, so these begin behind the seam, in the process of the backend, and
end at real sockets.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import pytest

from cavalcade.client import ConnectionChanged, Membership, connect
from cavalcade.domain.audience import MEMBERS
from cavalcade.domain.features.ending import EndSession
from cavalcade.domain.features.profile import SetProfile
from cavalcade.domain.operations import Operation
from cavalcade.server.live.broadcasts import MAX_PAYLOAD
from cavalcade.server.sessions.backend_base import BackendBase
from tests.listening import heard
from tests.scenarios.raw_socket import RawSocket, open_socket

EVERYBODY: Final = None


@dataclass(frozen=True)
class Stage:
    """A session with a host, a member and a viewer, and the backend that serves it."""

    backend: BackendBase
    host: Membership
    member: Membership
    viewer: Membership

    def broadcast(self, event: str, key: str, payload: Mapping[str, object] | None, audience: str | None) -> None:
        """Broadcasts to the session."""
        self.backend.broadcast(self.host.session_id, event, payload, audience, key)

    async def rename(self, name: str) -> None:
        """A durable event, behind which a test knows that all broadcasts that were due have come."""
        operation = Operation(self.host.participant, SetProfile(name, None), op_id=name, digest=name)
        await self.backend.submit(self.host.session_id, operation)


async def told(reader: RawSocket, event: str) -> object:
    """The payload of the next broadcast of an event."""
    waiting = next((message for message in reader.unread if message.event == event), None)
    if waiting is not None:
        reader.unread.remove(waiting)
        return waiting.payload
    return (await reader.until(lambda message: message.event == event)).payload


@contextmanager
def stalled(stage: Stage, participant: int) -> Iterator[None]:
    """Meanwhile the transport of somebody's connection takes nothing."""
    queues = [queue for local in stage.backend.here() for queue in local.fanout.send_queues]
    (queue,) = (queue for queue in queues if queue.participant == participant)
    queue.pause()
    yield
    queue.resume()


async def everybody_or_members_read_it(stage: Stage) -> None:
    async with open_socket(stage.member) as member, open_socket(stage.viewer) as viewer:
        await member.join()
        await viewer.join()
        stage.broadcast("reachability", "1", {"state": "page"}, MEMBERS)
        stage.broadcast("reached", "1", {"offset": 3}, EVERYBODY)
        assert await told(member, "reachability") == {"1": {"state": "page"}}
        assert await told(member, "reached") == {"1": {"offset": 3}}
        assert await told(viewer, "reached") == {"1": {"offset": 3}}
        assert "reachability" not in {message.event for message in viewer.unread}


async def of_a_burst_the_newest_is_sent(stage: Stage) -> None:
    async with open_socket(stage.member) as member:
        await member.join()
        for offset in range(100):
            stage.broadcast("reached", "1", {"offset": offset}, EVERYBODY)
        assert await told(member, "reached") == {"1": {"offset": 99}}


async def newcomers_are_told_right_after_their_join(stage: Stage) -> None:
    async with open_socket(stage.host) as host:
        await host.join()
        stage.broadcast("reached", "1", {"offset": 3}, EVERYBODY)
        stage.broadcast("reached", "2", {"offset": 4}, EVERYBODY)
        stage.broadcast("reachability", "1", {"state": "page"}, MEMBERS)
        stage.broadcast("reached", "2", None, EVERYBODY)
        assert await told(host, "reached") == {"1": {"offset": 3}, "2": None}
        async with open_socket(stage.member) as member, open_socket(stage.viewer) as viewer:
            await member.join()
            presence, *newest = [await member.receive() for _ in range(3)]
            assert presence.event == "presence_state"
            assert [(message.event, message.payload) for message in newest] == [
                ("reached", {"1": {"offset": 3}}),
                ("reachability", {"1": {"state": "page"}}),
            ]
            await viewer.join()
            presence, reached = [await viewer.receive() for _ in range(2)]
            assert presence.event == "presence_state"
            assert (reached.event, reached.payload) == ("reached", {"1": {"offset": 3}})
            stage.broadcast("reached", "1", {"offset": 5}, EVERYBODY)
            assert await told(viewer, "reached") == {"1": {"offset": 5}}
            assert "reachability" not in {message.event for message in viewer.unread}


async def who_was_behind_gets_the_newest(stage: Stage) -> None:
    async with open_socket(stage.host) as host, open_socket(stage.member) as member:
        await host.join()
        await member.join()
        stage.broadcast("reached", "1", {"offset": 1}, EVERYBODY)
        stage.broadcast("reached", "2", {"offset": 1}, EVERYBODY)
        assert await told(member, "reached") == {"1": {"offset": 1}, "2": {"offset": 1}}
        assert await told(host, "reached") == {"1": {"offset": 1}, "2": {"offset": 1}}
        with stalled(stage, stage.member.participant):
            for offset in (2, 3):
                stage.broadcast("reached", "1", {"offset": offset}, EVERYBODY)
                assert await told(host, "reached") == {"1": {"offset": offset}}
            stage.broadcast("reached", "2", None, EVERYBODY)
            assert await told(host, "reached") == {"2": None}
        assert await told(member, "reached") == {"1": {"offset": 3}, "2": None}


async def clients_that_do_not_know_it_go_on(stage: Stage) -> None:
    async with connect(stage.member) as member, heard({2: member}) as changes:
        stage.broadcast("never_heard_of", "1", {"offset": 3}, EVERYBODY)
        stage.broadcast("never_heard_of", "2", None, EVERYBODY)
        await stage.rename("Anna")
        await member.wait_for(lambda session: session.state.participants[1].name == "Anna")
    assert not any(isinstance(change, ConnectionChanged) for _, change in changes)


async def nothing_is_sent_of_a_session_that_ended(stage: Stage) -> None:
    async with open_socket(stage.member) as member:
        await member.join()
        end = Operation(stage.host.participant, EndSession(), op_id="end", digest="end")
        await stage.backend.submit(stage.host.session_id, end)
        stage.broadcast("reached", "1", {"offset": 3}, EVERYBODY)
        await member.until(lambda message: message.event == "phx_close")
        assert "reached" not in {message.event for message in member.unread}


async def too_much_is_refused(stage: Stage) -> None:
    with pytest.raises(ValueError, match=f"at most {MAX_PAYLOAD} bytes"):
        stage.broadcast("reached", "1", {"text": "x" * MAX_PAYLOAD}, EVERYBODY)


SCENARIOS: Final[tuple[Callable[[Stage], Awaitable[None]], ...]] = (
    everybody_or_members_read_it,
    of_a_burst_the_newest_is_sent,
    newcomers_are_told_right_after_their_join,
    who_was_behind_gets_the_newest,
    clients_that_do_not_know_it_go_on,
    nothing_is_sent_of_a_session_that_ended,
    too_much_is_refused,
)
