"""A reader that stops reading, and reads on: all events in order, and the newest positions.

The kernel and the proxy hold megabytes for one who does not read. So how the send queue skips what is out of date is
tested at the gateway itself; here it is what the reader may rely on, wherever the bytes waited.
"""

import asyncio

from cavalcade.wire.positions import positions_from_list
from tests.scenarios.people import Group, fix
from tests.scenarios.raw_socket import open_socket

REPORTERS = 20
ROUNDS = 12
RENAMES = 6


async def test_a_slow_reader_gets_every_event_and_the_newest_positions(server: str) -> None:
    async with Group(server) as group:
        members = [await group.join() for _ in range(REPORTERS)]
        sessions = await asyncio.gather(*(group.connect(member) for member in members))
        async with open_socket(group.host, receive_buffer=2048) as slow:
            offset = (await slow.join(mode="json"))["offset"]
            assert isinstance(offset, int)
            for step in range(ROUNDS):
                for session in sessions:
                    session.report(fix(40.0 + step))
                if step % (ROUNDS // RENAMES) == 0:
                    await sessions[step].set_profile(name=f"At {step}")
                await asyncio.sleep(0.26)  # at most four a second from one participant
            last = {(40 + ROUNDS - 1) * 10_000_000}
            await sessions[0].wait_for(lambda one: {where.lat for where in one.positions.values()} == last, 10)
            newest = dict(sessions[0].positions)
            events: list[int] = []
            seen: dict[int, object] = {}
            while len(events) < RENAMES or seen != newest:
                message = await slow.receive()
                if message.event == "event":
                    assert isinstance(message.payload, dict)
                    events.append(message.payload["offset"])
                elif message.event == "positions":
                    assert isinstance(message.payload, dict)
                    seen.update(positions_from_list(message.payload["positions"]))
            assert events == list(range(offset + 1, offset + RENAMES + 1))
