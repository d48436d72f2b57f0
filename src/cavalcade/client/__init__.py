"""The Python client: a session that keeps itself connected, on pure-Python packages.

A person on the move in ten lines:

```python
import asyncio
from cavalcade.client import Fix, connect, join_session

async def main() -> None:
    membership = await join_session("http://localhost:8080/j#<code>", name="Ben")
    async with connect(membership) as session:
        session.report(Fix(lat=47.66, lon=9.18, accuracy=8.0))
        await session.wait_for(lambda live: len(live.positions) > 1, timeout=60)
        for participant, position in session.positions.items():
            print(session.state.participants[participant].name, position.to_fix())

asyncio.run(main())
```

`channel` is the protocol without I/O, `live_session` the asyncio shell around it, `http` the calls without a socket.
What to rely on is in docs/client.md.
"""

from cavalcade.client.changes import (
    Change,
    Closed,
    ConnectionChanged,
    ConnectionState,
    EventReceived,
    PositionsReceived,
    PresenceChanged,
    ReachedChanged,
    StateReplaced,
)
from cavalcade.client.errors import ChangesMissed, ClientError, ProtocolError, SessionOver, Unreachable, Withdrawn
from cavalcade.client.http import (
    Neighbour,
    Preview,
    ServerIdentity,
    change_session,
    create_session,
    download_places,
    end_session,
    fetch_session,
    find_nearby,
    identify_server,
    join_session,
    leave_session,
    preview_session,
    read_messages,
)
from cavalcade.client.live_session import LiveSession, connect
from cavalcade.client.membership import Membership
from cavalcade.client.motion_watch import Watch
from cavalcade.client.resumption import Resumption
from cavalcade.client.timing import Timing
from cavalcade.domain.errors import ErrorCode, Rejected
from cavalcade.domain.features.alerts import AlertKind
from cavalcade.domain.features.chat import Addressee, Signal
from cavalcade.domain.features.places import PlaceKind
from cavalcade.domain.features.posts import Post
from cavalcade.domain.features.sos import SosAnswer, SosKind, SosReason
from cavalcade.domain.features.statuses import Status
from cavalcade.domain.fix import Fix, Position

__all__ = [
    "Addressee",
    "AlertKind",
    "Change",
    "ChangesMissed",
    "ClientError",
    "Closed",
    "ConnectionChanged",
    "ConnectionState",
    "ErrorCode",
    "EventReceived",
    "Fix",
    "LiveSession",
    "Membership",
    "Neighbour",
    "PlaceKind",
    "Position",
    "PositionsReceived",
    "Post",
    "PresenceChanged",
    "Preview",
    "ProtocolError",
    "ReachedChanged",
    "Rejected",
    "Resumption",
    "ServerIdentity",
    "SessionOver",
    "Signal",
    "SosAnswer",
    "SosKind",
    "SosReason",
    "StateReplaced",
    "Status",
    "Timing",
    "Unreachable",
    "Watch",
    "Withdrawn",
    "change_session",
    "connect",
    "create_session",
    "download_places",
    "end_session",
    "fetch_session",
    "find_nearby",
    "identify_server",
    "join_session",
    "leave_session",
    "preview_session",
    "read_messages",
]
