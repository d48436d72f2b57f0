"""What other nodes may ask of this one, over its internal listener."""

from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from cavalcade.monolith.handover import Handover
from cavalcade.monolith.ownership import Ownership
from cavalcade.monolith.peers import MARK, Peers

_Request = Request[object, object, State]


def peer_routes(ownership: Ownership, handover: Handover, peers: Peers) -> list[HTTPRouteHandler]:
    """The handlers: whether a session is served here, and giving one away."""

    @get("/sessions/{session_id:str}")
    async def holds(request: _Request, session_id: FromPath[str]) -> Response[dict[str, object]]:
        if not peers.is_marked(request.headers.get(MARK)) or session_id not in ownership.held:
            return Response({}, status_code=404)
        return Response({"epoch": ownership.held[session_id]})

    @post("/sessions/{session_id:str}/handover")
    async def give(request: _Request, session_id: FromPath[str]) -> Response[None]:
        if not peers.is_marked(request.headers.get(MARK)):
            return Response(None, status_code=404)
        return Response(None, status_code=204 if await handover.give(session_id) else 409)

    return [holds, give]
