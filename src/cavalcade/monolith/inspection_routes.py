"""The process tree over the internal listener: `/processes` for browsers, `/processes.json` for programs."""

from litestar import MediaType, Response, get
from litestar.handlers import HTTPRouteHandler

from cavalcade.monolith.inspection import Inspector, as_dict, as_page


def inspection_routes(inspector: Inspector) -> list[HTTPRouteHandler]:
    """The handlers that show a node's tree."""

    @get("/processes")
    async def page() -> Response[str]:
        return Response(as_page(inspector.report()), media_type=MediaType.HTML)

    @get("/processes.json")
    async def document() -> Response[dict[str, object]]:
        return Response(as_dict(inspector.report()))

    return [page, document]
