"""What processes tell each other: it comes back as it was, and whatever else comes is one clear error."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cavalcade.domain.audience import MEMBERS
from cavalcade.domain.events import Event
from cavalcade.domain.features.membership import ParticipantLeft
from cavalcade.domain.features.profile import ProfileChanged
from cavalcade.domain.fix import DEGREE, MAX_I16, MAX_U16, MIN_I16, Position
from cavalcade.server.live.broadcasts import Broadcast
from cavalcade.services.messages import MAX_REF, Connected, Happened, Message, Moved, Roll, Told, decode, encode
from cavalcade.wire.errors import DecodeError

GATEWAY = "00ff17e2a4b8c9d0"
U64 = 2**64 - 1


def _unknown_or(low: int, high: int) -> st.SearchStrategy[int | None]:
    return st.none() | st.integers(low, high)


positions = st.builds(
    Position,
    fix_time=st.integers(0, U64),
    lat=st.integers(-90 * DEGREE, 90 * DEGREE),
    lon=st.integers(-180 * DEGREE, 180 * DEGREE),
    accuracy=_unknown_or(1, MAX_U16 - 1),
    speed=_unknown_or(0, MAX_U16 - 1),
    heading=_unknown_or(0, 35_999),
    altitude=_unknown_or(MIN_I16 + 1, MAX_I16),
    battery=_unknown_or(0, 100),
).filter(lambda position: position.lat != 0 or position.lon != 0)
participants = st.integers(1, MAX_U16)
gateways = st.binary(min_size=8, max_size=8).map(bytes.hex)
refs = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=MAX_REF)
connections = st.builds(Connected, participants, st.integers(0, U64), refs)
broadcasts = st.builds(
    Broadcast,
    event=st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=64),
    key=st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=64),
    audience=st.sampled_from((None, MEMBERS)),
    at=st.integers(0, U64),
    payload=st.none() | st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=5),
)
messages = (
    st.builds(Told, gateways, st.lists(broadcasts, max_size=5))
    | st.builds(Moved, gateways, st.lists(st.tuples(participants, positions), max_size=20))
    | st.builds(
        Roll,
        gateways,
        st.integers(0, U64),
        st.lists(connections, max_size=20).map(tuple),
        asks=st.booleans(),
        leaves=st.booleans(),
    )
    | st.just(
        Happened(
            [
                Event(7, 1_700_000_000_000, 2, "op", ProfileChanged(2, "Änne", "Ä", "#aabbcc")),
                Event(8, 1_700_000_000_001, None, None, ParticipantLeft(2, "left")),
            ]
        )
    )
)


def test_what_the_version_before_took_for_a_place_or_an_accuracy_costs_nothing_else() -> None:
    sent = [(1, Position(0, 0, 0)), (2, Position(0, 5, 0, accuracy=0)), (3, Position(0, 5, 6, accuracy=7))]
    taken = decode(encode(Moved(GATEWAY, sent)))
    assert taken == Moved(GATEWAY, [(2, Position(0, 5, 0)), (3, Position(0, 5, 6, accuracy=7))])


@given(messages)
def test_messages_come_back_as_they_were(message: Message) -> None:
    assert decode(encode(message)) == message


@given(
    st.binary(max_size=200)
    | st.tuples(st.sampled_from([b"E", b"P", b"R", b"B" + bytes(8)]), st.binary(max_size=200)).map(b"".join)
)
@example(b"")
@example(b"E" + b"[" * 100_000)
@example(b"E\xff")
@example(b"E{}")
@example(b"B" + bytes(8) + b"{}")
@example(b"B" + bytes(8) + b'[["reached", "1", "everybody", 1.5, {}]]')
@example(b"B" + bytes(8) + b'[["reached", "1", "nobody", 1, {}]]')
@example(b"B" + bytes(8) + b'[["reached", "1", "everybody", 1, []]]')
@example(b"B" + bytes(8) + b'[["reached", "1", "everybody", 1, {"a": NaN}]]')
def test_any_bytes_are_a_message_or_one_error(data: bytes) -> None:
    try:
        message = decode(data)
    except DecodeError:
        return
    assert decode(encode(message)) == message


@given(messages, st.data())
def test_cut_and_changed_messages_are_messages_or_one_error(message: Message, data: st.DataObject) -> None:
    packed = bytearray(encode(message))
    at = data.draw(st.integers(0, len(packed) - 1))
    packed[at] = data.draw(st.integers(0, 255))
    for mangled in (bytes(packed), bytes(packed[:at])):
        try:
            decode(mangled)
        except DecodeError:
            continue


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (Moved(GATEWAY, [(1, Position(0, 91 * DEGREE, 0))]), "within the bounds"),
        (Moved(GATEWAY, [(1, Position(0, 0, 1, heading=36_000))]), "within the bounds"),
        (Moved(GATEWAY, [(1, Position(0, 0, 1, battery=101))]), "within the bounds"),
        (Roll(GATEWAY, 1, [Connected(1, 0, "")]), "visible ASCII"),
        (Roll(GATEWAY, 1, [Connected(1, 0, "a b")]), "visible ASCII"),
    ],
)
def test_what_no_gateway_would_say_is_refused(message: Message, said: str) -> None:
    with pytest.raises(DecodeError, match=said):
        decode(encode(message))
