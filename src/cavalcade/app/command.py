"""The command ``cavalcade app``."""

import asyncio
import importlib.util
import sys
import webbrowser
from pathlib import Path
from typing import Final

import click

DEFAULT_SERVER: Final = "http://localhost:8080"

_HELP = """
Open the Flutter app: the client that is built for Android and iOS, here in a window or in the browser.

\b
In the browser, for the server that `cavalcade up` runs here:
  cavalcade app --web
For another server, with positions from a GPX file in the place of a receiver:
  cavalcade app --web --server https://convoy.example.org --gpx tour.gpx

A window of its own takes Flet's desktop client (pip install "flet-desktop==1.0.5"). It needs the extra "app":
pip install "cavalcade[app]".
"""


@click.command(short_help="Open the Flutter app in a window or in the browser.", help=_HELP)
@click.option("--server", default=DEFAULT_SERVER, show_default=True, metavar="URL", help="Which Cavalcade it talks to.")
@click.option("--web", is_flag=True, help="Serve it on this machine and open it in the browser.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="With --web: where to serve it.  [default: any]")
@click.option(
    "--listen",
    metavar="unix:/PATH",
    help="With --web: serve on this Unix socket instead, for a proxy; opens no browser.",
)
@click.option(
    "--base-url", default="/", show_default=True, metavar="PATH", help="With --web: the path it is served at."
)
@click.option("--open/--no-open", "opens", default=True, help="With --web: whether to open a browser.")
@click.option(
    "--gpx",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Take positions from this file's track instead of the receiver.",
)
@click.option("--data", type=click.Path(path_type=Path), help="Where the window keeps its session and settings.")
@click.option(
    "--tiles", envvar="CAVALCADE_APP_TILES", metavar="URL", help="The map's raster tiles, with {z}, {x} and {y}."
)
@click.option("--tiles-attribution", envvar="CAVALCADE_APP_ATTRIBUTION", metavar="TEXT", help="Who made that map.")
def app(
    *,
    server: str,
    web: bool,
    port: int,
    listen: str | None,
    base_url: str,
    opens: bool,
    gpx: Path | None,
    data: Path | None,
    tiles: str | None,
    tiles_attribution: str | None,
) -> None:
    """Turn the options into an app, and run it."""
    if importlib.util.find_spec("flet") is None:
        raise click.ClickException('The app is not installed: pip install "cavalcade[app]".')
    from cavalcade.app.map.ground import Tiles  # noqa: PLC0415 - it needs Flet, which takes a second to import
    from cavalcade.app.shell import AppOptions  # noqa: PLC0415
    from cavalcade.simulate.gpx import GpxError, read_route  # noqa: PLC0415
    from cavalcade.wire.links import server_address  # noqa: PLC0415

    address = server_address(server)
    if address is None:
        raise click.BadParameter(f"{server!r} is not the address of a server", param_hint="--server")
    if tiles is not None and not all(part in tiles for part in ("{z}", "{x}", "{y}")):
        raise click.BadParameter("it must have {z}, {x} and {y}", param_hint="--tiles")
    if gpx is not None:
        try:
            read_route(gpx)
        except GpxError as error:
            raise click.BadParameter(str(error), param_hint="--gpx") from error
    source = Tiles() if tiles is None else Tiles(tiles, tiles_attribution or "")
    options = AppOptions(address, tiles=source, ride=gpx, folder=data)
    if web:
        _serve(options, port, listen, base_url, opens=opens)
        return
    if importlib.util.find_spec("flet_desktop") is None:
        raise click.ClickException(
            'A window of its own takes Flet\'s desktop client: pip install "flet-desktop==1.0.5". Or give --web.'
        )
    from cavalcade.app.main import run  # noqa: PLC0415

    run(options)


def _serve(options: object, port: int, listen: str | None, base_url: str, *, opens: bool) -> None:
    if importlib.util.find_spec("flet_web") is None:
        raise click.ClickException('The app in the browser takes flet-web: pip install "cavalcade[app]".')
    import uvicorn  # noqa: PLC0415

    from cavalcade.app.shell import AppOptions  # noqa: PLC0415
    from cavalcade.app.web import application  # noqa: PLC0415

    assert isinstance(options, AppOptions)
    path = "/" + base_url.strip("/")
    config = uvicorn.Config(
        application(options, path, compresses=listen is None),
        host="127.0.0.1",
        port=port,
        uds=listen.removeprefix("unix:") if listen else None,
        log_config=None,
        access_log=False,
        lifespan="on",
        ws_max_size=4 * 1024 * 1024,
        timeout_graceful_shutdown=2,
    )
    server = uvicorn.Server(config)

    async def serve() -> None:
        serving = asyncio.create_task(server.serve())
        while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn tells of it in no other way
            await asyncio.sleep(0.02)
        if server.started and listen is None:
            address = server.servers[0].sockets[0].getsockname()
            url = f"http://localhost:{address[1]}{path}"
            sys.stdout.write(f"ready {url}\n")
            sys.stdout.flush()
            if opens:
                webbrowser.open(url)
        await serving

    asyncio.run(serve())
