from __future__ import annotations

import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavalcade.domain.fix import Fix, Position, accept
from cavalcade.domain.model import MAX_PARTICIPANT_ID
from cavalcade.wire.errors import DecodeError
from cavalcade.wire.positions import (
    MAX_AGE_MS,
    fix_to_dict,
    pack_fix,
    pack_positions,
    position_from_dict,
    position_to_dict,
    positions_from_list,
    positions_to_dict,
    unpack_fix,
    unpack_positions,
)
from tests.domain.strategies import NOW, positions
from tests.wire.test_frame import JSON

PARTICIPANTS = st.integers(1, MAX_PARTICIPANT_ID)
FULL = Position(
    fix_time=0x0102030405, lat=-1, lon=1_800_000_000, accuracy=42, speed=1234, heading=35_999, altitude=-2, battery=99
)
FULL_BODY = bytes.fromhex("ffffffff 6b49d200 002a 04d2 8c9f fffe 63")
UNKNOWN = Position(0, 900_000_000, -1_800_000_000)
UNKNOWN_BODY = bytes.fromhex("35a4e900 94b62e00 ffff ffff ffff 8000 ff")


class TestPackedFix:
    def test_the_layout(self) -> None:
        assert pack_fix(FULL) == bytes.fromhex("0000000102030405") + FULL_BODY
        assert pack_fix(UNKNOWN) == bytes(8) + UNKNOWN_BODY

    @given(positions())
    def test_what_is_packed_is_unpacked_again(self, position: Position) -> None:
        data = pack_fix(position)
        assert len(data) == 25
        assert unpack_fix(data) == unpack_fix(memoryview(data)) == position

    @given(st.binary(max_size=60))
    def test_anything_is_a_position_or_a_decode_error(self, data: bytes) -> None:
        if len(data) == 25:
            assert pack_fix(unpack_fix(data)) == data
        else:
            with pytest.raises(DecodeError):
                unpack_fix(data)

    def test_known_values_saturate_one_short_of_unknown(self) -> None:
        position = accept(Fix(0, 1, 0, accuracy=1e9, speed=1e9, heading=360, altitude=-1e9, battery=100), NOW)
        assert position is not None
        assert pack_fix(position) == bytes(12) + bytes.fromhex("00989680 fffe fffe 0000 8001 64")


class TestPackedPositions:
    def test_the_layout(self) -> None:
        data = pack_positions(0x0102030406, [(1, FULL), (0x0203, UNKNOWN)])
        ages = (bytes.fromhex("00000001"), bytes.fromhex("ffffffff"))
        assert data == (
            bytes.fromhex("0000000102030406")
            + bytes.fromhex("0001")
            + ages[0]
            + FULL_BODY
            + bytes.fromhex("0203")
            + ages[1]
            + UNKNOWN_BODY
        )
        assert len(data) == 8 + 2 * 23

    def test_no_positions_are_a_header_alone(self) -> None:
        assert unpack_positions(pack_positions(NOW, [])) == (NOW, [])

    @given(st.lists(st.tuples(PARTICIPANTS, positions(NOW))), st.booleans())
    def test_what_is_packed_is_unpacked_again(self, sent: list[tuple[int, Position]], as_view: bool) -> None:
        oldest = NOW - MAX_AGE_MS
        recent = [(who, where._replace(fix_time=max(oldest, where.fix_time))) for who, where in sent]
        data = pack_positions(NOW, sent)
        assert unpack_positions(memoryview(data) if as_view else data) == (NOW, recent)

    def test_a_fix_ahead_of_the_servers_time_has_no_age(self) -> None:
        assert unpack_positions(pack_positions(NOW, [(1, Position(NOW + 5, 0, 0))])) == (
            NOW,
            [(1, Position(NOW, 0, 0))],
        )

    def test_an_age_beyond_the_servers_time_ends_at_the_epoch(self) -> None:
        data = bytes(8) + struct.pack(">HI", 1, 5) + UNKNOWN_BODY
        assert unpack_positions(data) == (0, [(1, UNKNOWN)])

    @given(st.binary(max_size=120))
    def test_anything_is_positions_or_a_decode_error(self, data: bytes) -> None:
        if len(data) >= 8 and (len(data) - 8) % 23 == 0:
            assert len(unpack_positions(data)[1]) == (len(data) - 8) // 23
        else:
            with pytest.raises(DecodeError):
                unpack_positions(data)


class TestJson:
    def test_the_contracts_fields_and_units(self) -> None:
        assert position_to_dict(7, FULL._replace(lat=525_200_000)) == {
            "participant": 7,
            "lat": 52.52,
            "lon": 180.0,
            "accuracy": 4.2,
            "speed": 12.34,
            "heading": 359.99,
            "altitude": -2,
            "battery": 99,
            "fix_time": 0x0102030405,
        }

    def test_unknown_is_absent_out_and_null_in(self) -> None:
        assert position_to_dict(1, UNKNOWN) == {"participant": 1, "lat": 90.0, "lon": -180.0, "fix_time": 0}
        nulls = dict.fromkeys(("accuracy", "speed", "heading", "altitude", "battery"))
        assert position_from_dict({**position_to_dict(1, UNKNOWN), **nulls}) == (1, UNKNOWN)
        assert fix_to_dict(Fix(1, 2)) == {"lat": 1, "lon": 2}

    @given(st.lists(st.tuples(PARTICIPANTS, positions())))
    def test_what_is_written_is_read_again_as_the_same_numbers(self, sent: list[tuple[int, Position]]) -> None:
        payload = json.loads(json.dumps(positions_to_dict(NOW, sent)))
        assert payload["server_time"] == NOW
        assert positions_from_list(payload["positions"]) == sent

    @given(JSON | st.dictionaries(st.sampled_from(("participant", "lat", "lon", "fix_time", "speed")), JSON))
    def test_anything_is_a_position_or_a_decode_error(self, data: object) -> None:
        for read, value in ((position_from_dict, data), (positions_from_list, data), (positions_from_list, [data])):
            try:
                read(value)
            except DecodeError:
                continue

    @pytest.mark.parametrize(
        "wrong",
        [
            {"participant": None},
            {"participant": True},
            {"participant": "1"},
            {"participant": 1.5},
            {"lat": None},
            {"lat": 91},
            {"lon": "0"},
            {"fix_time": None},
            {"fix_time": -1},
            {"fix_time": 2**53},
        ],
    )
    def test_a_position_has_a_participant_a_place_and_a_time(self, wrong: dict[str, object]) -> None:
        with pytest.raises(DecodeError):
            position_from_dict({**position_to_dict(1, FULL), **wrong})
