from collections import defaultdict
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavalcade.domain.fix import clamp
from cavalcade.wire.positions import unpack_fix
from testbed.load.traffic import CLUSTER_S, FIX_SIZE, Target, masked_frame, packed_fix, phases, split_frames

MEMBERS = [Target(f"/{session}/{member}", session) for session in range(4) for member in range(5)]


def test_spread_phases_are_even_within_a_session_and_over_all() -> None:
    moments = phases(MEMBERS, "spread")
    assert sorted(moments) == pytest.approx([n / 20 for n in range(20)])
    by_session = defaultdict(list)
    for target, moment in zip(MEMBERS, moments, strict=True):
        by_session[target.session].append(moment)
    for own in by_session.values():
        assert [b - a for a, b in pairwise(own)] == pytest.approx([0.2] * 4)


def test_clustered_phases_fall_at_the_top_of_the_second() -> None:
    assert all(0 <= moment < CLUSTER_S for moment in phases(MEMBERS, "clustered"))


def test_fixes_are_those_of_the_contract() -> None:
    fix = packed_fix(3, 1_700_000_000_000)
    position = unpack_fix(fix)
    assert len(fix) == FIX_SIZE
    assert position.fix_time == 1_700_000_000_000
    assert clamp(position, 1_800_000_000_000) == position


@given(st.binary(max_size=300), st.binary(min_size=4, max_size=4))
def test_a_masked_frame_gives_its_payload_back(payload: bytes, mask: bytes) -> None:
    frame = masked_frame(2, payload, mask)
    size = len(payload)
    assert frame[0] == 0x82
    assert frame[1] == 0x80 | min(size, 126)
    masked = frame[-size:] if size else b""
    assert bytes(byte ^ mask[at % 4] for at, byte in enumerate(masked)) == payload


@given(st.lists(st.integers(0, 70_000).map(bytes), max_size=4), st.integers(0, 20))
def test_frames_are_found_and_what_is_not_whole_is_left(payloads: list[bytes], kept: int) -> None:
    def header(size: int) -> bytes:
        if size < 126:
            return bytes((0x82, size))
        return b"\x82\x7e" + size.to_bytes(2, "big") if size < 65_536 else b"\x82\x7f" + size.to_bytes(8, "big")

    whole = b"".join(header(len(payload)) + payload for payload in payloads)
    cut = (header(100) + bytes(100))[:kept]
    frames, taken = split_frames(whole + cut)
    assert taken == len(whole)
    assert [(opcode, end - begin) for opcode, begin, end in frames] == [(2, len(payload)) for payload in payloads]
