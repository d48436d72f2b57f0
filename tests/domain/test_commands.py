from __future__ import annotations

import copy
import json
import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavalcade.domain import commands
from cavalcade.domain.errors import ErrorCode, Rejected
from cavalcade.domain.feature import Command
from cavalcade.domain.features.membership import Join
from cavalcade.domain.features.settings import SetSession
from cavalcade.domain.fix import MAX_FIX_TIME, accept, quantised, read_fix
from cavalcade.domain.model import Role
from cavalcade.domain.session import FEATURES, OPERATIONS
from tests.domain.strategies import NOW, op_ids, rejection_of
from tests.domain.test_fields import JSON

if TYPE_CHECKING:
    from collections.abc import Callable

VALID = [example for feature in FEATURES for example in feature.asked]
INVALID = [example for feature in FEATURES for example in feature.refused]


def refused(name: str, data: object) -> list[str]:
    with pytest.raises(Rejected) as caught:
        commands.operation(name, 1, data)
    assert caught.value.code is ErrorCode.INVALID_REQUEST
    return [error.pointer for error in caught.value.errors]


class TestOperation:
    @pytest.mark.parametrize(("name", "data", "command"), VALID)
    def test_reads_each_operation(self, name: str, data: dict[str, object], command: Command) -> None:
        sent = {"op_id": "op-1", **data}
        operation = commands.operation(name, 7, sent)
        assert (operation.by, operation.command, operation.op_id) == (7, command, "op-1")
        assert operation.digest == commands.digest(name, sent)
        assert operation.memory == (7, "op-1")

    @pytest.mark.parametrize(("name", "data", "pointers"), INVALID)
    def test_names_every_bad_field(self, name: str, data: dict[str, object], pointers: tuple[str, ...]) -> None:
        assert refused(name, {"op_id": "op-1", **data}) == list(pointers)
        assert refused(name, data) == ["/op_id", *pointers]

    def test_these_are_all_the_operations(self) -> None:
        assert {name for name, _, _ in VALID} == {name for name, _, _ in INVALID} == OPERATIONS.keys()

    @pytest.mark.parametrize("name", sorted(OPERATIONS))
    @pytest.mark.parametrize("data", [None, [], "x", 1, b"\x00"])
    def test_a_payload_that_is_no_object_is_refused(self, name: str, data: object) -> None:
        assert "" in refused(name, data)

    @pytest.mark.parametrize("op_id", ["", "a b", "x" * 65, "é", "a\n", 1, None, ["a"], "\ud800"])
    def test_an_op_id_must_be_visible_ascii(self, op_id: object) -> None:
        assert refused("leave", {"op_id": op_id}) == ["/op_id"]

    @given(op_ids())
    def test_any_other_op_id_is_taken(self, op_id: str) -> None:
        assert commands.operation("leave", 1, {"op_id": op_id}).op_id == op_id

    @given(st.sampled_from(sorted(OPERATIONS)), JSON)
    def test_any_json_is_read_or_refused(self, name: str, data: object) -> None:
        if isinstance(data, dict):
            data = {"op_id": "x", "name": data, "fixes": list(data.values())[:3], **data}
        before = copy.deepcopy(data)
        rejected = rejection_of(lambda: commands.operation(name, 1, data))
        if rejected is not None:
            assert rejected.code is ErrorCode.INVALID_REQUEST
            assert rejected.errors
        assert repr(data) == repr(before)

    @pytest.mark.parametrize("depth", [10, 500, 900, 980, 985, 990, 1000, 100_000])
    def test_deep_nesting_is_read_or_refused(self, depth: int) -> None:
        nested: list[object] = []
        for _ in range(depth):
            nested = [nested]
        rejected = rejection_of(lambda: commands.operation("fixes:send", 1, {"op_id": "x", "fixes": [nested]}))
        if rejected is None:
            assert depth < 100_000  # how deep Python reads differs from one version to the next
        else:
            assert [error.detail for error in rejected.errors] == ["is nested too deeply"]


class TestDigest:
    def test_does_not_depend_on_the_order_of_fields(self) -> None:
        assert commands.digest("a", {"x": 1, "y": [1, {"p": 1, "q": 2}]}) == commands.digest(
            "a", {"y": [1, {"q": 2, "p": 1}], "x": 1}
        )

    def test_depends_on_everything_else(self) -> None:
        contents: list[tuple[str, object]] = [
            ("a", {}),
            ("b", {}),
            ("a", {"x": 1}),
            ("a", {"x": 2}),
            ("a", {"x": "1"}),
            ("a", {"x": [1, 2]}),
            ("a", {"x": [2, 1]}),
            ("a", {"x": "\ud800"}),
        ]
        assert len({commands.digest(name, data) for name, data in contents}) == len(contents)


class TestFix:
    @given(st.dictionaries(st.sampled_from(("lat", "lon", "accuracy", "battery", "fix_time", "speed")), JSON) | JSON)
    def test_any_json_is_a_fix_on_the_earth_or_none(self, data: object) -> None:
        fix = read_fix(data)
        if fix is not None:
            assert quantised(fix, NOW) is not None

    @pytest.mark.parametrize(
        "data",
        [
            {},
            {"lat": 1},
            {"lat": None, "lon": 1},
            {"lat": "1", "lon": 1},
            {"lat": True, "lon": 1},
            {"lat": math.nan, "lon": 1},
            {"lat": 1, "lon": math.inf},
            {"lat": 10**400, "lon": 1},
            {"lat": 90.000001, "lon": 1},
            {"lat": 1, "lon": -180.000001},
            None,
            [1, 2],
            b"\x00" * 25,
        ],
    )
    def test_without_a_place_there_is_none(self, data: object) -> None:
        assert read_fix(data) is None

    @pytest.mark.parametrize(
        ("name", "value", "expected"),
        [
            ("battery", 55.0, 55),
            ("battery", 55, 55),
            ("battery", 54.5, 54),
            ("battery", 100.4, None),
            ("battery", -0.4, None),
            ("battery", True, None),
            ("battery", 10**400, None),
            ("fix_time", NOW, NOW),
            ("fix_time", NOW + 0.9, NOW),
            ("fix_time", float(NOW), NOW),
            ("fix_time", 0, 0),
            ("fix_time", -1, None),
            ("fix_time", MAX_FIX_TIME, MAX_FIX_TIME),
            ("fix_time", MAX_FIX_TIME + 1, None),
            ("fix_time", 1e308, None),
            ("fix_time", str(NOW), None),
            ("accuracy", 1e308, 1e308),
            ("accuracy", 10**400, None),
            ("accuracy", math.nan, None),
            ("heading", {}, None),
            ("speed", "fast", None),
            ("altitude", False, None),
            ("unknown", 1, None),
        ],
    )
    def test_a_bad_optional_field_is_unknown(self, name: str, value: object, expected: object) -> None:
        fix = read_fix({"lat": 1, "lon": 2, name: value})
        assert fix is not None
        assert getattr(fix, name, None) == expected
        if name in {"battery", "fix_time"} and expected is not None:
            assert isinstance(getattr(fix, name), int)
        assert accept(fix, NOW) is not None


class TestCalls:
    def test_a_creation_may_say_nothing(self) -> None:
        assert commands.creation({}) == commands.Creation(None, None, Join(Role.MEMBER))

    def test_a_creation_may_say_everything(self) -> None:
        data = {"name": "Tour", "lifetime_s": 600, "host": {"name": "Anna", "color": "#AABBCC"}}
        assert commands.creation(data) == commands.Creation("Tour", 600, Join(Role.MEMBER, "Anna", "#aabbcc"))

    def test_a_creation_names_all_bad_fields_the_nested_too(self) -> None:
        data = {"name": 1, "lifetime_s": "8h", "host": {"name": "\u202e", "color": "red", "role": "host"}, "code": "x"}
        with pytest.raises(Rejected) as caught:
            commands.creation(data)
        assert [error.pointer for error in caught.value.errors] == [
            "/name",
            "/lifetime_s",
            "/host/name",
            "/host/color",
            "/host/role",
            "/code",
        ]

    @pytest.mark.parametrize("host", [1, [], "Anna", True])
    def test_a_host_must_be_an_object(self, host: object) -> None:
        with pytest.raises(Rejected) as caught:
            commands.creation({"host": host})
        assert [error.pointer for error in caught.value.errors] == ["/host"]

    def test_an_admission_needs_a_code(self) -> None:
        assert commands.admission({"code": "c"}) == commands.Admission("c", None, None)
        with pytest.raises(Rejected) as caught:
            commands.admission({"name": 1, "color": 2, "x": 3})
        assert [error.pointer for error in caught.value.errors] == ["/code", "/name", "/color", "/x"]
        with pytest.raises(Rejected):
            commands.admission({"code": "c" * 129})

    def test_a_preview_needs_a_code_alone(self) -> None:
        assert commands.preview({"code": "c"}) == "c"
        with pytest.raises(Rejected) as caught:
            commands.preview({"name": "Anna"})
        assert [error.pointer for error in caught.value.errors] == ["/code", "/name"]

    def test_session_settings_have_no_op_id(self) -> None:
        assert commands.session_settings({"extend_s": 60}) == SetSession(None, 60)
        with pytest.raises(Rejected) as caught:
            commands.session_settings({"op_id": "x", "extend_s": 1.5})
        assert [error.pointer for error in caught.value.errors] == ["/extend_s", "/op_id"]

    @given(st.sampled_from((commands.creation, commands.admission, commands.preview, commands.session_settings)), JSON)
    def test_any_json_is_read_or_refused(self, read: Callable[[object], object], data: object) -> None:
        rejected = rejection_of(lambda: read(data))
        if rejected is not None:
            assert rejected.code is ErrorCode.INVALID_REQUEST
            assert all(json.dumps(error.pointer, ensure_ascii=False).encode() for error in rejected.errors)

    @pytest.mark.parametrize("key", [None, "k" * 16, "k" * 128, "~!" * 8])
    def test_an_idempotency_key_may_be_left_out(self, key: str | None) -> None:
        assert commands.idempotency_key(key) == key

    @pytest.mark.parametrize("key", ["", "k" * 15, "k" * 129, "k" * 15 + " ", "k" * 16 + "\n", "é" * 16])
    def test_other_idempotency_keys_are_refused(self, key: str) -> None:
        with pytest.raises(Rejected) as caught:
            commands.idempotency_key(key)
        assert caught.value.code is ErrorCode.INVALID_REQUEST
