"""The official Phoenix client in a browser by itself, with JSON as well, where the page has its positions packed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cavalcade.client import connect, create_session, join_session
from cavalcade.client.clock import epoch_ms
from cavalcade.domain.fix import Fix, Position, accept
from cavalcade.wire.positions import pack_fix, positions_from_list, unpack_positions

if TYPE_CHECKING:
    from tests.browser.test_two_phones import NewPhone

PHOENIX = Path(__file__).parents[2] / "page" / "node_modules" / "phoenix" / "priv" / "static" / "phoenix.js"

JOIN = """
([address, session, token, mode]) => new Promise((resolve, reject) => {
    window.said = { positions: [], events: [] };
    const socket = new Phoenix.Socket(address, { params: { session }, authToken: token });
    const channel = socket.channel(`session:${session}`, { mode });
    channel.on("positions", (payload) =>
        said.positions.push(payload instanceof ArrayBuffer ? [...new Uint8Array(payload)] : payload));
    channel.on("event", (event) => said.events.push(event));
    channel.join().receive("ok", resolve).receive("error", reject).receive("timeout", reject);
    window.channel = channel;
    socket.connect();
})
"""

PUSH_PACKED = "(bytes) => { channel.push('position', new Uint8Array(bytes).buffer); }"
PUSH_JSON = "(fix) => { channel.push('position', fix); }"
RENAME = """(op_id) => new Promise((resolve, reject) =>
    channel.push("profile:set", { op_id, name: "Ben" }).receive("ok", resolve).receive("error", reject))"""


@pytest.mark.parametrize("mode", ["json", "binary"])
async def test_it_joins_sends_and_receives(cavalcade_url: str, new_phone: NewPhone, mode: str) -> None:
    host = await create_session(cavalcade_url, host_name="Anna")
    assert host.link is not None
    ben = await join_session(host.link, name="B")
    phone = await new_phone()
    await phone.page.goto(cavalcade_url)
    await phone.page.evaluate(PHOENIX.read_text() + "; window.Phoenix = Phoenix;")
    async with connect(host) as anna:
        reply = await phone.page.evaluate(JOIN, [ben.socket, ben.session_id, ben.token, mode])
        assert (reply["mode"], reply["me"], reply["offset"]) == (mode, 2, 2)
        fix = Fix(60.17, 24.94, epoch_ms(), accuracy=5.0, heading=90.0, speed=12.5, altitude=12.0, battery=80)
        position = accept(fix, epoch_ms())
        assert position is not None
        if mode == "binary":
            await phone.page.evaluate(PUSH_PACKED, list(pack_fix(position)))
        else:
            given: dict[str, object] = {"lat": fix.lat, "lon": fix.lon, "fix_time": fix.fix_time, "accuracy": 5.0}
            await phone.page.evaluate(PUSH_JSON, {**given, "heading": 90, "speed": 12.5, "altitude": 12, "battery": 80})
        await anna.wait_for(lambda session: session.positions.get(2) == position, timeout=5)
        await phone.until("() => said.positions.length > 0")
        assert dict(_read(await phone.page.evaluate("() => said.positions[0]"))) == {2: position}
        assert await phone.page.evaluate(RENAME, "one") == {"offset": 3}
        await phone.until("() => said.events.length > 0")
        event = await phone.page.evaluate("() => said.events[0]")
        assert (event["offset"], event["op_id"], event["data"]["name"]) == (3, "one", "Ben")


def _read(payload: Any) -> list[tuple[int, Position]]:
    if isinstance(payload, list):
        return unpack_positions(bytes(payload))[1]
    return positions_from_list(payload["positions"])
