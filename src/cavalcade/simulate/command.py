"""The command ``cavalcade simulate``."""

import asyncio
import secrets
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, Literal

import click
from rich.console import Console
from rich.live import Live
from rich.text import Text

from cavalcade.client import ClientError, Membership, Rejected, create_session
from cavalcade.client.membership import split_link
from cavalcade.simulate.gpx import GpxError, read_routes
from cavalcade.simulate.regrouping import Times
from cavalcade.simulate.ride import Plan, Ride, RideError, rider_name
from cavalcade.simulate.route import Route
from cavalcade.simulate.tours import TOURS
from cavalcade.wire.links import read_invitation

DEFAULT_SERVER: Final = "http://localhost:8080"
MOST_RIDERS: Final = 1000
MOST_CALLED: Final = 50
"""Riders whom `--regroup` calls together: each judges all the others, once a second."""

MOST_NAMED: Final = 5
"""Files that are named in the line that says what was left out."""

_LINES_EVERY_S: Final = 10.0
_SCREEN_EVERY_S: Final = 0.5

_HELP = """
Let simulated riders share their positions in a session.

Each rider is a real participant with a connection of its own, a phone of its own quality (wandering errors, gaps, now
and then a place far off) and a temper of its own. They ride until ctrl-C, then all of them leave.

\b
Into a session that you have open, by its link:
  cavalcade simulate "http://localhost:8080/j#abc123..."
Into a new session, whose link is printed:
  cavalcade simulate --new --riders 12
On roads of your own, ten times as fast:
  cavalcade simulate --new --gpx ./tours --speed 10
With a lead who calls them together, while some stop, fall silent or turn back:
  cavalcade simulate --new --riders 12 --regroup

Without --gpx they ride through the centre of Helsinki, whose streets come with Cavalcade; "--tour lake" is an invented
road of 140 km around Lake Constance. With a folder, its .gpx files are shared out among the riders.
Progress goes to standard error; the lines "link ..." and "viewer link ..." of a new session to standard output.
"""


@click.command(short_help="Let simulated riders share their positions in a session.", help=_HELP)
@click.argument("link", required=False)
@click.option("--new", is_flag=True, help="Make a new session, and print its link.")
@click.option(
    "--server",
    default=DEFAULT_SERVER,
    show_default=True,
    metavar="URL",
    help="Where to make the session, or where a bare code belongs to.",
)
@click.option("--riders", type=click.IntRange(1, MOST_RIDERS), default=8, show_default=True, help="How many.")
@click.option(
    "--gpx",
    type=click.Path(exists=True, path_type=Path),
    help="A GPX file with their way, or a folder of such files.",
)
@click.option(
    "--tour",
    type=click.Choice(list(TOURS)),
    default="helsinki",
    show_default=True,
    help="Which of the ways that come with Cavalcade, without --gpx.",
)
@click.option(
    "--speed",
    type=click.FloatRange(0.1, 100),
    default=1.0,
    show_default=True,
    metavar="FACTOR",
    help="How many times faster than real riders.",
)
@click.option("--duration", type=click.FloatRange(min=1), metavar="SECONDS", help="Stop by yourself after this time.")
@click.option("--seed", type=int, help="The same seed gives the same ride.")
@click.option(
    "--regroup",
    is_flag=True,
    help="Let the first rider lead and call the others together now and then; some stop, fall silent or turn back.",
)
@click.option(
    "--mode",
    type=click.Choice(["binary", "json"]),
    default="binary",
    show_default=True,
    help="How positions travel.",
)
def simulate(
    *,
    link: str | None,
    new: bool,
    server: str,
    riders: int,
    gpx: Path | None,
    tour: str,
    speed: float,
    duration: float | None,
    seed: int | None,
    regroup: bool,
    mode: Literal["binary", "json"],
) -> None:
    """Check the options, and ride."""
    if new is (link is not None):
        raise click.UsageError("Give the LINK of a session, or --new to make one (and not both).")
    if regroup and riders > MOST_CALLED:
        raise click.UsageError(f"--regroup is for {MOST_CALLED} riders at most.")
    try:
        routes = _routes(gpx) if gpx else [TOURS[tour]()]
        regroups = Times() if regroup else None
        plan = Plan(routes, riders, speed, secrets.randbelow(2**32) if seed is None else seed, mode, regroups)
        place = None if link is None else _place(link, server)
        asyncio.run(_simulate(plan, place, server, duration))
    except (GpxError, RideError, ClientError) as error:
        _fail(str(error))
    except Rejected as refusal:
        _fail(f"the server refused: {refusal}")


def _routes(gpx: Path) -> Sequence[Route]:
    reading = read_routes(gpx)
    if reading.left_out:
        more = len(reading.left_out) - MOST_NAMED
        named = "; ".join(reading.left_out[:MOST_NAMED])
        click.echo(f"cavalcade: {named}{f'; and so on with {more} more files' if more > 0 else ''}", err=True)
    return reading.routes


def _place(link: str, server: str) -> tuple[str, str]:
    if "://" in link:
        try:
            return split_link(link)
        except ValueError as error:
            raise RideError(str(error)) from error
    invitation = read_invitation(link)
    if invitation is None:
        raise RideError("this is neither a Cavalcade link nor the code of a session")
    return invitation.server or server.rstrip("/"), invitation.code


async def _simulate(plan: Plan, place: tuple[str, str] | None, server: str, duration: float | None) -> None:
    host: Membership | None = None
    if place is None:
        host = await create_session(server, host_name=rider_name(0))
        if host.code is None:
            raise RideError("the server made a session but gave no code for it")
        place = host.server, host.code
        click.echo(f"link {host.link}")
        click.echo(f"viewer link {host.viewer_link}")
        sys.stdout.flush()
    ride = Ride(plan)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ride.stop)
    if duration is not None:
        loop.call_later(duration, ride.stop)
    async with _progress(ride):
        await ride.run(place, host)
    click.echo(f"{ride.statistics.summary()}; all have left.", err=True)
    if ride.over not in {None, "left", "disconnected"}:
        click.echo(f"The session is over for the riders: {ride.over}.", err=True)


@asynccontextmanager
async def _progress(ride: Ride) -> AsyncIterator[None]:
    """Shows how the ride goes: one line that changes on a terminal, else a line now and then."""
    console = Console(stderr=True)
    task = asyncio.create_task(_show(ride, console) if console.is_terminal else _print(ride))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def _show(ride: Ride, console: Console) -> None:
    with Live(console=console, auto_refresh=False, transient=True) as live:
        while True:
            live.update(Text(f"{ride.statistics.summary()}  (ctrl-C ends)"), refresh=True)
            await asyncio.sleep(_SCREEN_EVERY_S)


async def _print(ride: Ride) -> None:
    while True:
        await asyncio.sleep(_LINES_EVERY_S)
        click.echo(ride.statistics.summary(), err=True)


def _fail(problem: str) -> None:
    click.echo(f"cavalcade: {problem}", err=True)
    sys.exit(1)
