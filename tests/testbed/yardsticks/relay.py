"""A peer for tests: relays `position` pushes to the others of a topic, on the port in PORT."""

import asyncio
import json
import os
from collections import defaultdict

from websockets.asyncio.server import ServerConnection, serve

from cavalcade.wire.frame import decode_client_binary, encode_binary_broadcast

topics: dict[str, set[ServerConnection]] = defaultdict(set)


async def handle(connection: ServerConnection) -> None:
    topic = ""
    try:
        async for frame in connection:
            if isinstance(frame, str):
                join_ref, ref, topic, event, _ = json.loads(frame)
                assert event == "phx_join"
                topics[topic].add(connection)
                await connection.send(json.dumps([join_ref, ref, topic, "phx_reply", {"status": "ok", "response": {}}]))
            else:
                push = decode_client_binary(frame)
                assert isinstance(push.payload, bytes)
                relayed = encode_binary_broadcast(push.topic, "position", push.payload)
                for other in topics[push.topic] - {connection}:
                    await other.send(relayed)
    finally:
        topics[topic].discard(connection)


async def main() -> None:
    async with serve(handle, "127.0.0.1", int(os.environ["PORT"])) as server:
        await server.serve_forever()


asyncio.run(main())
