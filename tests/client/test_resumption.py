"""What is kept of a session is read again as it was, and nothing else is taken for it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavalcade.client.pending_operations import MAX_OPERATIONS, PendingOperation
from cavalcade.client.resumption import Resumption
from cavalcade.domain.events import Event, UnknownChange
from cavalcade.domain.model import Limits
from cavalcade.domain.session import evolve, found
from cavalcade.wire.errors import DecodeError

operations = st.builds(
    lambda op_id, event, name: PendingOperation(op_id, event, {"op_id": op_id, "name": name}),
    st.text(min_size=1, max_size=64),
    st.sampled_from(["profile:set", "sharing:set"]),
    st.text(),
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(st.lists(operations, max_size=5), st.booleans())
def test_it_is_read_as_it_was_written(waiting: list[PendingOperation], joined: bool) -> None:
    state = found("abcdefghij", "Trip", None, 1_800_000_000_000, Limits()) if joined else None
    kept = Resumption(state, tuple(waiting))
    read = Resumption.from_dict(json.loads(json.dumps(kept.to_dict())))
    assert read.operations == kept.operations
    assert (read.state is None) is (state is None)
    if read.state and state:
        assert (read.state.session, read.state.participants, read.state.offset) == (
            state.session,
            state.participants,
            state.offset,
        )


def test_what_an_earlier_version_of_the_program_could_not_fold_is_kept_in_mind() -> None:
    state = found("abcdefghij", "Trip", None, 1_800_000_000_000, Limits())
    state = evolve(state, Event(1, 0, None, None, UnknownChange("poll_opened", {"text": "hello"})))
    read = Resumption.from_dict(json.loads(json.dumps(Resumption(state).to_dict())))
    assert read.state is not None
    assert read.state.unknown == {"poll_opened"}


@given(
    anything | st.fixed_dictionaries({"offset": anything, "snapshot": anything, "operations": st.lists(anything)}),
)
def test_anything_else_is_refused_in_one_way(data: object) -> None:
    try:
        Resumption.from_dict(data)
    except DecodeError:
        return
    assert isinstance(data, dict)
    assert data["snapshot"] is None
    assert data["operations"] == []


def test_more_operations_than_may_wait_are_refused() -> None:
    one = {"event": "leave", "payload": {"op_id": "x"}}
    with pytest.raises(DecodeError, match=str(2 * MAX_OPERATIONS)):
        Resumption.from_dict({"offset": None, "snapshot": None, "operations": [one] * (2 * MAX_OPERATIONS + 1)})
