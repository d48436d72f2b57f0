"""What somebody asks for. An operation is a wish: `session.decide` says whether it becomes events."""

from dataclasses import dataclass

from cavalcade.domain.fix import Fix
from cavalcade.domain.model import Role


@dataclass(frozen=True, slots=True)
class Join:
    """Come in, as a member or as a viewer. Without a host the next member to join becomes host."""

    role: Role
    name: str | None = None
    color: str | None = None


@dataclass(frozen=True, slots=True)
class Leave:
    """Go for good."""


@dataclass(frozen=True, slots=True)
class SetProfile:
    """Change how one appears; None leaves a field as it is, an empty name takes the default again."""

    name: str | None = None
    color: str | None = None


@dataclass(frozen=True, slots=True)
class SetSharing:
    """Pause or resume sharing."""

    on: bool


@dataclass(frozen=True, slots=True)
class ClaimHost:
    """Take over from a host who has been away.

    Attributes:
        host_seen_at: When the host was last connected, ms since the epoch: `now` while they are. The backend knows it,
            never the client; None where nobody has ever seen the host connected.
    """

    host_seen_at: int | None = None


@dataclass(frozen=True, slots=True)
class SetSession:
    """Rename or extend, by the host; None leaves a field as it is."""

    name: str | None = None
    extend_s: int | None = None


@dataclass(frozen=True, slots=True)
class AskTime:
    """Ask the host for more time. While somebody's question stands, another one changes nothing."""


@dataclass(frozen=True, slots=True)
class EndSession:
    """End it for everybody, by the host."""


@dataclass(frozen=True, slots=True)
class Expire:
    """End it because its time is over, by the system."""


@dataclass(frozen=True, slots=True)
class SendFixes:
    """Fixes kept while offline: the newest moves the avatar. It makes no event.

    Attributes:
        fixes: The valid ones, at most `commands.MAX_FIXES`.
    """

    fixes: tuple[Fix, ...]


WishOfParticipant = Leave | SetProfile | SetSharing | ClaimHost | SetSession | AskTime | EndSession | SendFixes
Wish = Join | Expire | WishOfParticipant


@dataclass(frozen=True, slots=True)
class Operation:
    """A wish with who has it.

    Attributes:
        by: The participant; None for `Join` and `Expire`, where there is none.
        wish: What is asked for.
        op_id: The client's id for it, 1-64 ASCII characters, which its event carries; None where it came over HTTP.
        digest: A fingerprint of the wish as sent, so that an id used again for something else is noticed.
        key_hash: The hash of the call's `Idempotency-Key`, in the place of an `op_id` but never broadcast.
    """

    by: int | None
    wish: Wish
    op_id: str | None = None
    digest: str = ""
    key_hash: str | None = None

    @property
    def memory(self) -> tuple[int, str] | None:
        """Under what the outcome is remembered: who asked (0 for nobody yet) and the id; None where it is not."""
        key = self.op_id or self.key_hash
        return None if key is None else (self.by or 0, key)
