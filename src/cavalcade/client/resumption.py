"""What a program keeps of a session to go on with it after it was ended or killed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cavalcade.client.pending_operations import MAX_OPERATIONS, PendingOperation
from cavalcade.domain.model import SessionState
from cavalcade.wire.errors import DecodeError
from cavalcade.wire.messages import snapshot_to_dict, state_from_snapshot


@dataclass(frozen=True, slots=True)
class Resumption:
    """The session as it was last known, and what the server has not answered.

    Attributes:
        state: Folded up to its offset; None where no join was ever answered.
        operations: In the order in which they were asked for, each under the id that it keeps.
    """

    state: SessionState | None = None
    operations: Sequence[PendingOperation] = ()

    def to_dict(self) -> dict[str, object]:
        """As JSON can hold it."""
        return {
            "offset": None if self.state is None else self.state.offset,
            "mark": None if self.state is None else self.state.mark,
            "snapshot": None if self.state is None else snapshot_to_dict(self.state),
            "unknown": [] if self.state is None else sorted(self.state.unknown),
            "operations": [{"event": waiting.event, "payload": dict(waiting.payload)} for waiting in self.operations],
        }

    @classmethod
    def from_dict(cls, data: object) -> "Resumption":
        """Reads what `to_dict` made.

        Raises:
            DecodeError: It is not that.
        """
        if not isinstance(data, dict):
            raise DecodeError("a resumption must be an object")
        offset, snapshot, operations = data.get("offset"), data.get("snapshot"), data.get("operations")
        state = None
        if snapshot is not None:
            if not isinstance(offset, int) or isinstance(offset, bool) or offset < 0:
                raise DecodeError("offset must be a whole number")
            state = state_from_snapshot(offset, snapshot, data.get("mark"))
            unknown = data.get("unknown", [])
            if not isinstance(unknown, list) or not all(isinstance(kind, str) for kind in unknown):
                raise DecodeError("unknown must be an array of types of events")
            state = replace(state, unknown=frozenset(unknown))
        most = 2 * MAX_OPERATIONS  # as many of each lane
        if not isinstance(operations, list) or len(operations) > most:
            raise DecodeError(f"operations must be an array of at most {most}")
        return cls(state, tuple(map(_operation, operations)))


def _operation(data: object) -> PendingOperation:
    event = data.get("event") if isinstance(data, dict) else None
    payload = data.get("payload") if isinstance(data, dict) else None
    op_id = payload.get("op_id") if isinstance(payload, dict) else None
    if not (isinstance(event, str) and isinstance(payload, dict) and isinstance(op_id, str)):
        raise DecodeError("an operation must have its event and a payload with an op_id")
    return PendingOperation(op_id, event, payload)
