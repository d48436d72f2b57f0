"""An operation: a command with who gives it and the id under which its outcome is remembered."""

from dataclasses import dataclass

from cavalcade.domain.feature import Command


@dataclass(frozen=True, slots=True)
class Operation:
    """A command with who gives it.

    Attributes:
        by: The participant; None where a newcomer or the system gives it.
        command: What is asked for.
        op_id: The client's id for it, 1-64 ASCII characters, which its event carries; None where it came over HTTP.
        digest: A fingerprint of the command as sent, so that an id used again for something else is noticed.
        key_hash: The hash of the call's `Idempotency-Key`, in the place of an `op_id` but never broadcast.
    """

    by: int | None
    command: Command
    op_id: str | None = None
    digest: str = ""
    key_hash: str | None = None

    @property
    def memory(self) -> tuple[int, str] | None:
        """Under what the outcome is remembered: who asked (0 for nobody yet) and the id; None where it is not."""
        key = self.op_id or self.key_hash
        return None if key is None else (self.by or 0, key)
