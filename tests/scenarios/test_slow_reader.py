"""A reader that stops reading, and reads on: all events, the newest positions, and not what was between."""

import asyncio

from tests.scenarios.people import Group, fix
from tests.scenarios.raw_socket import open_socket

from cavalcade.wire.positions import positions_from_list

REPORTERS = 20
ROUNDS = 12


async def test_a_slow_reader_gets_every_event_and_the_newest_positions(server: str) -> None:
    async with Group(server) as group:
        members = await asyncio.gather(*(group.join("x" * 40) for _ in range(REPORTERS)))
        sessions = await asyncio.gather(*(group.connect(member) for member in members))
        async with open_socket(group.host, receive_buffer=4096) as slow:
            offset = (await slow.join(mode="json"))["offset"]
            assert isinstance(offset, int)
            for step in range(ROUNDS):
                for session in sessions:
                    session.report(fix(40.0 + step))
                await sessions[step].set_profile(name=f"{step}{'y' * 40}")
                await asyncio.sleep(0.26)  # at most four a second from one participant
            newest = dict(sessions[0].positions)
            assert {position.lat for position in newest.values()} == {(40 + ROUNDS - 1) * 10_000_000}
            events: list[int] = []
            seen: dict[int, object] = {}
            while len(events) < ROUNDS or seen != newest:
                message = await slow.receive()
                if message.event == "event":
                    assert isinstance(message.payload, dict)
                    events.append(message.payload["offset"])
                elif message.event == "positions":
                    assert isinstance(message.payload, dict)
                    seen.update(positions_from_list(message.payload["positions"]))
            assert events == list(range(offset + 1, offset + ROUNDS + 1))
