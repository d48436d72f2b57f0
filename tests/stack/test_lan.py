"""`--lan`: the page that helps a phone trust the server, as a real Caddy and a real browser have it."""

from __future__ import annotations

import os
import plistlib
import signal
import ssl
from typing import TYPE_CHECKING

import httpx
import pytest
import segno
from playwright.async_api import async_playwright

from cavalcade.stack import caddy, lan
from cavalcade.stack.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from tests.stack.conftest import Up


def test_network_address_is_one_of_this_machine(free_port: int) -> None:
    try:
        address = lan.network_address()
    except StackError:
        pytest.skip("this machine is on no network")
    caddy.check_ports(caddy.lan_door(address, free_port))


def test_qr_code_is_drawn_in_half_blocks() -> None:
    address = "http://192.168.1.7:8444"
    _, height = segno.make(address, error="l", micro=False).symbol_size(border=2)
    drawn = lan.qr_code(address)
    assert len(drawn.strip("\n").splitlines()) == (height + 1) // 2
    assert "▀" in drawn or "▄" in drawn


async def test_certificate_page(
    directory: Path, free_port: int, start_up: Callable[..., Awaitable[Up]], shared_servers: dict[str, str]
) -> None:
    arguments = ("--lan", "--lan-address", "127.0.0.1", "--port", str(free_port), "--data", directory / "data")
    up = await start_up(*arguments, environment=shared_servers)
    assert await up.ready() == f"https://127.0.0.1:{free_port}"
    page = f"http://127.0.0.1:{free_port + 1}"
    async with httpx.AsyncClient(base_url=page, trust_env=False) as client:
        certificate = await client.get("/cavalcade.crt")
        assert certificate.headers["Content-Type"] == "application/x-x509-ca-cert"
        profile = await client.get("/cavalcade.mobileconfig")
        assert profile.headers["Content-Type"] == "application/x-apple-aspen-config"
        text = (await client.get("/")).text
        assert text.count(lan.fingerprint(certificate.text)) == 1
        assert "about one address, 127.0.0.1, and about nothing else, until 20" in text
        elsewhere = await client.get("/elsewhere")
        assert (elsewhere.status_code, elsewhere.headers["Location"]) == (302, "/")
    (payload,) = plistlib.loads(profile.content)["PayloadContent"]
    assert payload["PayloadType"] == "com.apple.security.root"
    assert payload["PayloadContent"] == ssl.PEM_cert_to_DER_cert(certificate.text)

    # Clients that have installed it trust the server; others do not.
    trusting = ssl.create_default_context(cadata=certificate.text)
    async with httpx.AsyncClient(verify=trusting, trust_env=False) as client:
        assert (await client.get(f"https://127.0.0.1:{free_port}/readyz")).status_code == 200
    async with httpx.AsyncClient(trust_env=False) as client:
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            await client.get(f"https://127.0.0.1:{free_port}/readyz")

    await browser_finds_out(page)
    assert await up.end(signal.SIGINT) == 0
    assert lan.fingerprint(certificate.text) in up.said()
    assert "compare the fingerprint there with this one" in up.said()
    assert not (directory / "data" / "caddy" / "pki").exists()

    # At the next start phones need nothing new.
    again = await start_up(*arguments, environment=shared_servers)
    await again.ready()
    assert await again.end(signal.SIGINT) == 0
    assert lan.fingerprint(certificate.text) in again.said()


async def browser_finds_out(page_address: str) -> None:
    """The page says "not trusted" where the authority is unknown, and "it worked" where certificates are accepted."""
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as playwright:
        for extra, shown in (([], "#untrusted"), (["--ignore-certificate-errors"], "#trusted")):
            browser = await playwright.chromium.launch(
                executable_path=os.environ.get("CAVALCADE_CHROMIUM", "/usr/bin/chromium"), args=[*flags, *extra]
            )
            page = await browser.new_page()
            await page.goto(page_address)
            await page.wait_for_selector(shown, state="visible")
            await browser.close()
