"""Why an operation is refused, in the codes that every client understands."""

from dataclasses import dataclass
from enum import StrEnum


class ErrorCode(StrEnum):
    """The codes of the contract; each has one HTTP status and one meaning on the socket."""

    INVALID_REQUEST = "invalid_request"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    SESSION_NOT_FOUND = "session_not_found"
    SESSION_FULL = "session_full"
    OP_ID_REUSED = "op_id_reused"
    PAYLOAD_TOO_LARGE = "payload_too_large"
    TOO_MANY_REQUESTS = "too_many_requests"
    UNAVAILABLE = "unavailable"

    @property
    def retry(self) -> bool:
        """Whether the same request may succeed later without being changed."""
        return self in {ErrorCode.TOO_MANY_REQUESTS, ErrorCode.UNAVAILABLE}


@dataclass(frozen=True, slots=True)
class FieldError:
    """One bad field.

    Attributes:
        pointer: RFC 6901 JSON pointer to the field within the body or the operation, such as `/host/color`.
        detail: What is allowed, as a sentence for a person.
    """

    pointer: str
    detail: str


class Rejected(Exception):
    """An operation that was understood and refused; nothing has changed.

    Attributes:
        code: Which rule refused it.
        detail: One sentence for a person; never holds a secret or a coordinate.
        errors: For `invalid_request`, every bad field.
        retry_after_s: Seconds to wait, for the codes that can be retried.
        same: Where not everything has to wait for so long: the fields in which operations of the same name are alike
            if they have to.
    """

    def __init__(
        self,
        code: ErrorCode,
        detail: str = "",
        *,
        errors: tuple[FieldError, ...] = (),
        retry_after_s: int = 1,
        same: tuple[str, ...] | None = None,
    ) -> None:
        super().__init__(detail or code.value)
        self.code = code
        self.detail = detail
        self.errors = errors
        self.retry_after_s = retry_after_s
        self.same = same

    @property
    def retry(self) -> bool:
        """Whether the same request may succeed later."""
        return self.code.retry

    def is_about(self, pointer: str) -> bool:
        """Whether a field is among the bad ones."""
        return any(error.pointer == pointer for error in self.errors)
