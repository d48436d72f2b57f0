from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavalcade.wire.errors import DecodeError
from cavalcade.wire.frame import (
    Message,
    Undecoded,
    decode_client_binary,
    decode_server_binary,
    decode_text,
    decode_text_head,
    encode_binary_broadcast,
    encode_binary_reply,
    encode_client_push,
    encode_server_push,
    encode_text,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
ANY_TEXT = st.text(st.characters())  # with lone surrogates, which JSON can spell
SHORT = st.text(max_size=60)
FILLED = st.text(min_size=1, max_size=60)


class TestText:
    def test_reads_the_five_elements(self) -> None:
        data = b'["1","2","session:abc","position",{"lat":1.5}]'
        assert decode_text(data) == Message("1", "2", "session:abc", "position", {"lat": 1.5})

    def test_writes_what_phoenix_writes(self) -> None:
        reply = Message("1", "1", "session:a", "phx_reply", {"status": "ok", "response": {}})
        assert encode_text(reply) == b'["1","1","session:a","phx_reply",{"status":"ok","response":{}}]'
        broadcast = Message(None, None, "session:a", "event", {"name": "Zoë"})
        assert encode_text(broadcast) == b'[null,null,"session:a","event",{"name":"Zo\\u00eb"}]'

    @given(st.none() | ANY_TEXT, st.none() | ANY_TEXT, ANY_TEXT, ANY_TEXT, JSON)
    def test_what_is_written_is_read_again(
        self, join_ref: str | None, ref: str | None, topic: str, event: str, payload: object
    ) -> None:
        message = Message(join_ref, ref, topic, event, payload)
        assert decode_text(encode_text(message)) == message

    def test_reads_every_kind_of_buffer(self) -> None:
        data = '[null,"7","phoenix","heartbeat",{"é":1}]'
        raw = data.encode()
        assert decode_text(data) == decode_text(raw) == decode_text(bytearray(raw)) == decode_text(memoryview(raw))

    def test_ignores_what_follows_the_fifth_element(self) -> None:
        assert decode_text('[null,null,"t","e",1,2,[3]]') == Message(None, None, "t", "e", 1)

    def test_the_last_of_two_equal_keys_counts(self) -> None:
        assert decode_text('[null,null,"t","e",{"a":1,"a":2}]').payload == {"a": 2}

    def test_reads_a_lone_surrogate_that_is_spelt_out_and_writes_it_so(self) -> None:
        message = decode_text(r'["\ud800",null,"\udfff","e",{}]')
        assert message.join_ref == "\ud800"
        assert encode_text(message) == rb'["\ud800",null,"\udfff","e",{}]'

    @pytest.mark.parametrize(
        "data",
        [
            "",
            "null",
            "{}",
            "[]",
            '["1","2","t","e"]',
            '[1,"2","t","e",{}]',
            '["1",2,"t","e",{}]',
            '["1","2",null,"e",{}]',
            '["1","2","t",null,{}]',
            '["1","2",["t"],"e",{}]',
            '[true,"2","t","e",{}]',
            '["1","2","t","e",{}',
            '["1","2","t","e",{}] []',
            '["1","2","t","e",NaN]',
            '["1","2","t","e",{"lat":-Infinity}]',
            '["1","2","t","e",{"n":' + "9" * 5_000 + "}]",
            '["1","2","t","e",' + "[" * 30_000 + "]" * 30_000 + "]",
            '["1","2","t","e",' + '{"a":' * 10_000 + "1" + "}" * 10_000 + "]",
            "[" * 65_536,
            "\ufeff[null,null,'t','e',{}]",
        ],
    )
    def test_refuses_what_is_no_frame(self, data: str) -> None:
        with pytest.raises(DecodeError):
            decode_text(data)
        with pytest.raises(DecodeError):
            decode_text(data.encode())

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-32-be", "utf-8-sig"])
    def test_refuses_other_encodings(self, encoding: str) -> None:
        with pytest.raises(DecodeError):
            decode_text('["1","2","t","e",{}]'.encode(encoding))

    @pytest.mark.parametrize("raw", [b"\xed\xa0\x80", b"\xff", b"\xc0\x80", b"\xf5\x80\x80\x80"])
    def test_refuses_bytes_that_are_no_utf8(self, raw: bytes) -> None:
        with pytest.raises(DecodeError):
            decode_text(b'["1","2","t","e","' + raw + b'"]')

    @given(st.binary() | st.text(st.characters()) | JSON.map(json.dumps))
    def test_anything_is_a_message_or_a_decode_error(self, data: str | bytes) -> None:
        try:
            message = decode_text(data)
        except DecodeError:
            return
        assert isinstance(message, Message)

    @given(st.lists(JSON, min_size=4, max_size=6))
    def test_any_array_is_a_message_or_a_decode_error(self, elements: list[object]) -> None:
        try:
            message = decode_text(json.dumps(elements))
        except DecodeError:
            return
        assert [message.join_ref, message.ref, message.topic, message.event, message.payload] == elements[:5]

    def test_the_head_is_read_without_the_payload(self) -> None:
        head = decode_text_head(b' [ "1" ,null , "session:abc","fixes:send" , {"n":[1]} ,7]')
        assert head == Message("1", None, "session:abc", "fixes:send", Undecoded(b'{"n":[1]} ,7]'))
        assert Undecoded(b'{"n":[1]} ,7]').decode() == {"n": [1]}

    @given(st.lists(JSON, max_size=6).map(json.dumps) | st.text('[]"\\\\nul, \\u12', max_size=24))
    def test_reading_in_two_parts_takes_just_what_is_a_frame(self, data: str) -> None:
        try:
            whole = json.loads(data, parse_constant=lambda _: 1 / 0)
            is_frame = isinstance(whole, list) and len(whole) > 4
            is_frame = is_frame and all(isinstance(string, str) for string in whole[2:4])
            is_frame = is_frame and all(string is None or isinstance(string, str) for string in whole[:2])
        except (ValueError, ZeroDivisionError):
            is_frame = False
        if is_frame:
            assert decode_text(data) == Message(*whole[:5])
        else:
            with pytest.raises(DecodeError):
                decode_text(data)

    def test_a_payload_that_is_no_json_is_noticed_when_it_is_decoded(self) -> None:
        head = decode_text_head('["1","2","t","e",{"a":}]')
        assert head == Message("1", "2", "t", "e", Undecoded(b'{"a":}]'))
        with pytest.raises(DecodeError):
            Undecoded(b'{"a":}]').decode()

    def test_refuses_to_write_what_is_no_json(self) -> None:
        with pytest.raises(ValueError, match="JSON"):
            encode_text(Message(None, None, "t", "e", float("nan")))


class TestBinary:
    def test_the_layout_of_a_client_push(self) -> None:
        data = b"\x00\x01\x02\x09\x08" + b"1" + b"23" + b"session:a" + b"position" + b"\xff\x00"
        assert encode_client_push("1", "23", "session:a", "position", b"\xff\x00") == data
        assert decode_client_binary(data) == Message("1", "23", "session:a", "position", b"\xff\x00")

    def test_the_layout_of_a_server_push(self) -> None:
        data = b"\x00\x01\x09\x09" + b"1" + b"session:a" + b"positions" + b"\x01"
        assert encode_server_push("1", "session:a", "positions", b"\x01") == data
        assert decode_server_binary(data) == Message("1", None, "session:a", "positions", b"\x01")

    def test_the_layout_of_a_reply(self) -> None:
        data = b"\x01\x01\x02\x01\x02" + b"1" + b"23" + b"t" + b"ok" + b"\x05"
        assert encode_binary_reply("1", "23", "t", "ok", b"\x05") == data
        payload = {"status": "ok", "response": b"\x05"}
        assert decode_server_binary(data) == Message("1", "23", "t", "phx_reply", payload)

    def test_the_layout_of_a_broadcast(self) -> None:
        data = b"\x02\x09\x09" + b"session:a" + b"positions" + b"\x00" * 8
        assert encode_binary_broadcast("session:a", "positions", b"\x00" * 8) == data
        assert decode_server_binary(data) == Message(None, None, "session:a", "positions", b"\x00" * 8)

    def test_lengths_count_bytes(self) -> None:
        assert encode_binary_broadcast("é", "🏍", b"") == b"\x02\x02\x04\xc3\xa9\xf0\x9f\x8f\x8d"

    @given(FILLED, FILLED, SHORT, SHORT, st.binary())
    def test_what_is_written_is_read_again(self, join_ref: str, ref: str, topic: str, event: str, data: bytes) -> None:
        push = decode_client_binary(encode_client_push(join_ref, ref, topic, event, data))
        assert push == Message(join_ref, ref, topic, event, data)
        assert decode_server_binary(encode_server_push(join_ref, topic, event, data)) == Message(
            join_ref, None, topic, event, data
        )
        assert decode_server_binary(encode_binary_reply(join_ref, ref, topic, event, data)) == Message(
            join_ref, ref, topic, "phx_reply", {"status": event, "response": data}
        )
        assert decode_server_binary(encode_binary_broadcast(topic, event, data)) == Message(
            None, None, topic, event, data
        )

    @given(st.binary() | st.tuples(st.integers(0, 3), st.binary()).map(lambda t: bytes((t[0],)) + t[1]))
    def test_anything_is_a_message_or_a_decode_error(self, data: bytes) -> None:
        for decode in (decode_client_binary, decode_server_binary):
            for buffer in (data, memoryview(data)):
                try:
                    message = decode(buffer)
                except DecodeError:
                    continue
                assert isinstance(message, Message)

    @given(st.binary(max_size=40), st.integers(0, 60))
    def test_a_frame_cut_short_is_a_decode_error(self, payload: bytes, kept: int) -> None:
        whole = encode_client_push("1", "2", "session:abcdefghij", "position", payload)
        header = len(whole) - len(payload)
        if kept < header:
            with pytest.raises(DecodeError):
                decode_client_binary(whole[:kept])
        else:
            assert decode_client_binary(whole[:kept]).payload == payload[: kept - header]

    def test_an_empty_ref_is_none(self) -> None:
        assert decode_client_binary(b"\x00\x00\x00\x01\x01te") == Message(None, None, "t", "e", b"")
        assert decode_server_binary(b"\x00\x00\x01\x01te") == Message(None, None, "t", "e", b"")

    def test_a_client_sends_pushes_alone(self) -> None:
        for kind in (1, 2, 3, 255):
            with pytest.raises(DecodeError):
                decode_client_binary(bytes((kind, 0, 0, 1, 1)) + b"te")

    @pytest.mark.parametrize("raw", [b"\xff", b"\xed\xa0\x80"[:1]])
    def test_refuses_strings_that_are_no_utf8(self, raw: bytes) -> None:
        with pytest.raises(DecodeError):
            decode_client_binary(b"\x00\x00\x00\x01\x01" + raw + b"e")

    @pytest.mark.parametrize(("topic", "fits"), [("t" * 255, True), ("t" * 256, False), ("é" * 128, False)])
    def test_a_string_has_at_most_255_bytes(self, topic: str, fits: bool) -> None:
        if fits:
            assert decode_server_binary(encode_binary_broadcast(topic, "e", b"")).topic == topic
        else:
            with pytest.raises(ValueError, match="255 bytes"):
                encode_binary_broadcast(topic, "e", b"")
