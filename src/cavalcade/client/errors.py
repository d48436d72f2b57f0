"""What can go wrong in the client beside `domain.errors.Rejected`, which is a server's refusal.

```
ClientError
├── Unreachable      no answer from the server
├── ProtocolError    an answer that does not follow the contract
├── Withdrawn        the operation was taken back, or replaced by a newer one, before it was sent
├── SessionOver      the session object has ended, so nothing more can be done with it
└── ChangesMissed    a reader of `changes()` was far too slow
```
"""


class ClientError(Exception):
    """The root of the client's own errors."""


class Unreachable(ClientError):
    """The server could not be reached, or answered with something that is not from Cavalcade."""


class ProtocolError(ClientError):
    """The server's answer does not follow the contract that this client knows."""


class SessionOver(ClientError):
    """The session object has ended.

    Attributes:
        reason: Why, as in `changes.Closed`.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"this session object has ended: {reason}")
        self.reason = reason


class Withdrawn(ClientError):
    """The operation was taken back, or replaced by a newer one, before it was sent or while its answer was awaited."""


class ChangesMissed(ClientError):
    """A reader of `changes()` left so many unread that they were dropped; `state` is still right."""
