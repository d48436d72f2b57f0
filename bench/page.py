"""How soon the page shows something on a slow phone, and what is drawn while people move: ``make bench-page``.

A real Chromium with its cache empty opens a session that it is a member of, through Chromium's own throttling: 1.6
Mbit/s, 150 ms there and back, and a processor four times slower than the machine's own, whose speed is measured first.
Bytes are those that came over the wire, compressed. With ``--line`` the line itself is as slow instead, for the socket
and all handshakes too, with TLS and HTTP/2 (`bench.slow_line`; it needs root).
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import json
import os
import shlex
import shutil
import signal
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
from playwright.async_api import Browser, CDPSession, Page, StorageState, ViewportSize, async_playwright

from bench.convoy import Convoy, convoy_of
from bench.drawn_frames import FrameCount
from bench.script_speed import script_speed
from bench.slow_line import SERVER, slow_line
from testbed.installations.installation import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

NETWORK = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 94_000}
SLOWDOWN = 4
# A graphics processor is imitated for the map alone: by an imitated one a frame of a hundred discs takes 40 ms, where
# Chromium's own way of doing without takes 7.
FLAGS = ["--enable-unsafe-swiftshader", "--no-sandbox"]
NICENESS = 10
"""Of the server and of those who ride, which are not on the telephone: the browser goes first."""
PHONE: ViewportSize = {"width": 390, "height": 844}
RESULTS = Path("build") / "bench-page.json"
LINE_RESULTS = Path("build") / "bench-page-line.json"
PEOPLE_WITHIN = (2.5, 120)
MAP_WITHIN = (4.5, 550)
"""Seconds and kB."""
FRAMES = {
    "ten_riders": (0.0, 20.5),
    "nobody_moves": (0.0, 0.0),
    "hundred_riders": (0.0, 20.5),
    "hundred_riders_smooth": (58.0, 61.0),
}
"""Frames drawn a second, at least and at most."""


@dataclass(frozen=True, slots=True)
class Opening:
    """One cold start: seconds until people and until streets were there, and kB loaded by then."""

    people_s: float
    people_kb: float
    map_s: float
    map_kb: float


@asynccontextmanager
async def _cavalcade(*options: str) -> AsyncIterator[str]:
    with tempfile.TemporaryDirectory(prefix="cavalcade-bench-page-") as directory:
        tiles = Path(__file__).parents[1] / "page" / "public" / "tiles" / "helsinki.pmtiles"
        process = await asyncio.create_subprocess_exec(
            "nice", "-n", str(NICENESS), sys.executable, "-m", "cavalcade", "up",
            "--port", str(free_port()), "--data", f"{directory}/data", *options,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "CAVALCADE_MAP_TILES": str(tiles)},
        )  # fmt: skip
        assert process.stdout
        line = (await process.stdout.readline()).decode()
        if not line.startswith("ready "):
            raise SystemExit("Cavalcade did not start")
        try:
            yield line.split()[1]
        finally:
            process.send_signal(signal.SIGINT)
            await process.wait()


def _chromium() -> str:
    found = os.environ.get("CAVALCADE_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not found:
        raise SystemExit("This needs Chromium: install it, or name one in CAVALCADE_CHROMIUM")
    return found


# Notes, in the page itself, when people and streets are there.
_WATCH = """
const seen = {};
let tell;
window.bothSeen = new Promise((resolve) => { tell = resolve; });
const isInside = (one) => {
  const { x, y } = one.getBoundingClientRect();
  return x > 0 && y > 0 && x < innerWidth && y < innerHeight;
};
const everybody = () => [...document.querySelectorAll(".avatar")].filter(isInside).length >= PEOPLE;
const note = (name, moment) => {
  seen[name] = moment;
  if (seen.people && seen.map) tell([seen.people, seen.map]);
};
const look = () => {
  if (everybody()) note("people", performance.now());
  else setTimeout(look, 20);
};
look();
// The next frame begins once the one with the streets was handed over to be displayed.
const streets = new MutationObserver(() => {
  if (!document.querySelector(".streets .people-layer")) return;
  streets.disconnect();
  requestAnimationFrame((begun) => note("map", begun));
});
streets.observe(document, { childList: true, subtree: true });
window.loadedBy = (moment) => [
  ...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource"),
].filter((entry) => entry.responseEnd <= moment).reduce((sum, entry) => sum + entry.transferSize, 0);
"""


async def _member(browser: Browser, link: str) -> StorageState:
    """What a browser keeps of somebody who joined by the link, without sharing."""
    context = await browser.new_context(viewport=PHONE)
    page = await context.new_page()
    await page.goto(link)
    await page.get_by_label("Your name").fill("Reader")
    await page.get_by_role("button", name="Join without sharing my location").click()
    await page.locator(".dock").wait_for()
    state = await context.storage_state()
    await context.close()
    return state


@asynccontextmanager
async def _slow_phone(
    browser: Browser, state: StorageState, people: int, network: dict[str, Any] | None = NETWORK
) -> AsyncIterator[tuple[Page, CDPSession]]:
    context = await browser.new_context(viewport=PHONE, storage_state=state)
    page = await context.new_page()
    session = await context.new_cdp_session(page)
    await session.send("Network.enable")
    await session.send("Performance.enable")
    if network:
        await session.send("Network.emulateNetworkConditions", network)
    await session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})
    await page.add_init_script(_WATCH.replace("PEOPLE", str(people)))
    try:
        yield page, session
    finally:
        await context.close()


async def _open(page: Page, link: str) -> Opening:
    await page.goto(link, wait_until="commit")
    async with asyncio.timeout(60):
        # The page's own policy forbids what Playwright would wait for a condition with.
        people, streets = await page.evaluate("bothSeen")
    kilobytes = [await page.evaluate(f"loadedBy({moment})") / 1000 for moment in (people, streets)]
    return Opening(people / 1000, kilobytes[0], streets / 1000, kilobytes[1])


async def _cold_starts(
    browser: Browser,
    convoy: Convoy,
    member: tuple[str, StorageState],
    rounds: int,
    network: dict[str, Any] | None = NETWORK,
) -> dict[str, Any]:
    """Medians and all values of `Opening`, of so many starts."""
    link, state = member
    openings = []
    for _ in range(rounds):
        convoy.set_out()
        async with _slow_phone(browser, state, 10, network) as (page, _session):
            openings.append(await _open(page, link))
    found: dict[str, Any] = {}
    for name in Opening.__slots__:
        values = sorted(getattr(one, name) for one in openings)
        found[name] = {"median": round(statistics.median(values), 2), "all": [round(v, 2) for v in values]}
    return found


async def _task_seconds(session: CDPSession) -> float:
    metrics = (await session.send("Performance.getMetrics"))["metrics"]
    return next(float(metric["value"]) for metric in metrics if metric["name"] == "TaskDuration")


async def _cost(browser: Browser, session: CDPSession, seconds: float) -> dict[str, float | None]:
    """What was drawn, the main thread's share of a processor as if not slowed, and what a session takes in an hour."""
    received = 0

    def count(event: dict[str, Any]) -> None:
        nonlocal received
        payload = event["response"]["payloadData"]
        received += len(payload) * 3 // 4 if event["response"]["opcode"] == 2 else len(payload)

    session.on("Network.webSocketFrameReceived", count)
    frames = await FrameCount.start(browser)
    before, begun = await _task_seconds(session), time.monotonic()
    await asyncio.sleep(seconds)
    elapsed = time.monotonic() - begun
    busy = (await _task_seconds(session) - before) / elapsed
    session.remove_listener("Network.webSocketFrameReceived", count)
    drawn = await frames.stop()
    return {
        "frames_s": round(drawn.frames_s, 1),
        "longest_ms": drawn.longest_ms and round(drawn.longest_ms),
        "main_thread_percent_unslowed": round(busy / SLOWDOWN * 100, 1),
        "drawing_percent": round(drawn.drawing_percent, 1),
        "mb_hour": round(received / elapsed * 3600 / 1e6, 2),
    }


async def _hold_camera(page: Page) -> None:
    """Moves the camera by hand once, so that it stays put: each move would draw the map again, in software."""
    # Not a real click: the pointer would stay over the map, and the browser would look under it at each layout.
    await page.get_by_role("button", name="Zoom out").dispatch_event("click")
    await page.get_by_role("button", name="Show everyone").wait_for()


async def _measure_line(rounds: int) -> dict[str, Any]:
    """Cold starts over a line that is slow for everything."""
    with tempfile.TemporaryDirectory(prefix="cavalcade-bench-page-") as folder:
        async with (
            slow_line() as on_telephone,
            _cavalcade("--lan", "--lan-address", SERVER) as server,
            async_playwright() as playwright,
        ):
            pin = await asyncio.to_thread(_trust, server, Path(folder) / "root.crt")
            browser = await playwright.chromium.launch(
                executable_path=_start_with(on_telephone, Path(folder) / "chromium"),
                args=[*FLAGS, f"--ignore-certificate-errors-spki-list={pin}"],
            )
            results: dict[str, Any] = {"machine_speed": {"slowed": await script_speed(browser, SLOWDOWN)}}
            os.nice(NICENESS)
            async with convoy_of(server, 10) as (convoy, link):
                convoy.report()
                riding = asyncio.create_task(convoy.ride())
                state = await _member(browser, link)
                results |= await _cold_starts(browser, convoy, (link, state), rounds, network=None)
                riding.cancel()
            await browser.close()
    return results


def _trust(server: str, file: Path) -> str:
    """Have the riders trust the server's own certificate; gives the hash by which Chromium does.

    Chromium keeps nothing in its cache of a server whose certificate it was merely told to overlook.
    """
    address = urlsplit(server)
    assert address.hostname
    assert address.port
    root = httpx.get(f"http://{address.hostname}:{address.port + 1}/cavalcade.crt", trust_env=False)
    file.write_text(root.raise_for_status().text)
    os.environ["SSL_CERT_FILE"] = str(file)
    own = ssl.get_server_certificate((address.hostname, address.port))
    command = ("openssl", "x509", "-pubkey", "-noout")
    key = subprocess.run(command, input=own, capture_output=True, text=True, check=True).stdout  # noqa: S603 - our own
    body = "".join(key.strip().splitlines()[1:-1])
    return base64.b64encode(hashlib.sha256(base64.b64decode(body)).digest()).decode()


def _start_with(prefix: list[str], script: Path) -> Path:
    """A program that starts Chromium with a command in front of it."""
    script.write_text(f'#!/bin/sh\nexec {shlex.join([*prefix, _chromium()])} "$@"\n')
    script.chmod(0o755)
    return script


async def _measure(rounds: int) -> dict[str, Any]:
    results: dict[str, Any] = {}
    async with _cavalcade() as server, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=_chromium(), args=FLAGS)
        results["machine_speed"] = {"own": await script_speed(browser), "slowed": await script_speed(browser, SLOWDOWN)}
        os.nice(NICENESS)
        async with convoy_of(server, 10) as (convoy, link):
            convoy.report()
            riding = asyncio.create_task(convoy.ride())
            state = await _member(browser, link)
            results |= await _cold_starts(browser, convoy, (link, state), rounds)
            async with _slow_phone(browser, state, 10) as (page, session):
                await _open(page, link)
                await asyncio.sleep(3)
                results["ten_riders"] = await _cost(browser, session, 15)
                riding.cancel()
                await asyncio.sleep(4)
                await convoy.until_time_left_stands(8)
                results["nobody_moves"] = await _cost(browser, session, 8)
        async with convoy_of(server, 100) as (convoy, link):
            convoy.report()
            riding = asyncio.create_task(convoy.ride())
            state = await _member(browser, link)
            for name, motion in (("hundred_riders", "sparing"), ("hundred_riders_smooth", "smooth")):
                async with _slow_phone(browser, state, 1) as (page, session):
                    await page.add_init_script(f"localStorage.setItem('cavalcade.motion', '{motion}')")
                    await _open(page, link)
                    await asyncio.sleep(3)
                    if motion == "smooth":
                        await _hold_camera(page)
                    await asyncio.sleep(2)
                    results[name] = await _cost(browser, session, 10)
            riding.cancel()
        await browser.close()
    return results


def main() -> None:
    """Measure, print and keep the figures."""
    parser = argparse.ArgumentParser(prog="make bench-page", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="cold starts, of which the median counts")
    parser.add_argument("--line", action="store_true", help="cold starts alone, over a slow line for everything")
    parser.add_argument("--enforce", action="store_true", help="fail where a bar is missed")
    arguments = parser.parse_args()
    measure, file = (_measure_line, LINE_RESULTS) if arguments.line else (_measure, RESULTS)
    results = asyncio.run(measure(arguments.rounds))
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(results, indent=1) + "\n")
    sys.stdout.write(json.dumps(results, indent=1) + "\n")
    if arguments.line:
        return
    found = [results[name]["median"] for name in Opening.__slots__]
    missed = [
        f"{name} {value} > {bar}"
        for name, value, bar in zip(Opening.__slots__, found, (*PEOPLE_WITHIN, *MAP_WITHIN), strict=True)
        if value > bar
    ]
    for name, (least, most) in FRAMES.items():
        drawn = results[name]["frames_s"]
        if not least <= drawn <= most:
            missed.append(f"{name} {drawn} frames a second, not {least:.0f} to {most:.0f}")
    if missed:
        sys.stdout.write(f"Bars missed: {', '.join(missed)}\n")
        if arguments.enforce:
            sys.exit(1)


if __name__ == "__main__":
    main()
