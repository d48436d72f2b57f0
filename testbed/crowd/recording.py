"""A client that notes what crosses its wire, frame by frame, before the client makes anything of it."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from cavalcade.client import ClientError, Fix, LiveSession, Membership, Timing
from cavalcade.client.actions import Action, Notify, Transmit
from cavalcade.client.changes import ConnectionChanged, ConnectionState, PresenceChanged
from cavalcade.client.clock import epoch_ms
from cavalcade.client.link import Link
from cavalcade.client.replies import read_join_reply, read_positions
from cavalcade.domain.fix import accept
from cavalcade.domain.session import OPERATIONS
from cavalcade.wire.channel import TOPIC_PREFIX
from cavalcade.wire.errors import DecodeError
from cavalcade.wire.frame import Message, decode_server_binary, decode_text
from cavalcade.wire.messages import Mode, event_from_dict
from testbed.checking.history import (
    Ask,
    Delivered,
    Joined,
    Lost,
    MemberHistory,
    Present,
    Record,
    Reported,
    Shown,
    Strange,
)

_HEARTBEATS: Final = "phoenix"


def moment() -> int:
    """Now, on the clock of histories."""
    return int(asyncio.get_running_loop().time() * 1000)


class RecordingSession(LiveSession):
    """A live session with a memory."""

    def __init__(self, membership: Membership, *, mode: Mode = "binary", timing: Timing | None = None) -> None:
        """Prepares a session object that `start` connects; see `LiveSession`."""
        super().__init__(membership, mode=mode, timing=timing)
        self.history = MemberHistory(membership.participant)
        self._topic = TOPIC_PREFIX + membership.session_id
        self._asks: dict[str, Ask] = {}
        self._asked_under: dict[str, Ask] = {}
        self._was_joined = False

    def report(self, fix: Fix) -> Fix | None:
        """Shares and notes a position."""
        reported_at = moment()
        shared = super().report(replace(fix, fix_time=epoch_ms()))
        position = None if shared is None else accept(shared, shared.fix_time or 0)
        if position is not None:
            self.history.reports.append(Reported(reported_at, position))
        return shared

    def on_received(self, link: Link, frame: str | bytes) -> None:
        """Notes what a frame says, and hands it on."""
        if link is self._link:
            self._note(frame)
        super().on_received(link, frame)

    def _perform(self, actions: Iterable[Action]) -> None:
        actions = list(actions)
        for action in actions:
            match action:
                case Transmit(frame=str() as frame):
                    self._note_sent(decode_text(frame))
                case Notify(change=ConnectionChanged(state=state)):
                    is_joined = state is ConnectionState.JOINED
                    if self._was_joined and not is_joined:
                        self._add(Lost(moment()))
                    self._was_joined = is_joined
                case Notify(change=PresenceChanged(present=present)):
                    self._add(Present(moment(), present))
                case _:
                    pass
        super()._perform(actions)

    def _note(self, frame: str | bytes) -> None:
        try:
            message = decode_text(frame) if isinstance(frame, str) else decode_server_binary(frame)
            if message.topic == self._topic:
                self._note_message(message)
            elif message.topic != _HEARTBEATS:
                self._add(Strange(moment(), f"a frame of the topic {message.topic}"))
        except (DecodeError, ClientError) as error:
            self._add(Strange(moment(), f"a frame that cannot be read: {error}"))

    def _note_message(self, message: Message) -> None:
        match message.event:
            case "event":
                self._add(Delivered(moment(), event_from_dict(message.payload)))
            case "positions":
                _, positions = read_positions(message.payload)
                self._add(Shown(moment(), dict(positions)))
            case "phx_reply" if isinstance(message.payload, dict):
                response = message.payload.get("response")
                if message.payload.get("status") == "ok" and isinstance(response, dict) and "me" in response:
                    joined = read_join_reply(response)
                    events, shown = tuple(joined.events), dict(joined.positions)
                    self._add(Joined(moment(), joined.offset, joined.state, events, shown))
                elif (ask := self._asked_under.get(message.ref or "")) is not None and isinstance(response, dict):
                    _note_answer(ask, response)

    def _note_sent(self, message: Message) -> None:
        if message.event not in OPERATIONS or not isinstance(message.payload, dict):
            return
        op_id = str(message.payload["op_id"])
        ask = self._asks.get(op_id)
        if ask is None:
            ask = self._asks[op_id] = Ask(moment(), op_id, message.event, message.payload)
            self.history.asks.append(ask)
        else:
            ask.times += 1
        self._asked_under[message.ref or ""] = ask

    def _add(self, record: Record) -> None:
        self.history.records.append(record)


def _note_answer(ask: Ask, response: dict[str, object]) -> None:
    offset, reason = response.get("offset"), response.get("reason")
    if isinstance(offset, int):
        ask.offset = offset
    elif response.get("retry") is not True:
        ask.refusal = str(reason)
    else:
        return
    ask.answered_at = moment()
