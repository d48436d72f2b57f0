"""Phones for the browser tests: Chromium windows of a phone's size whose location the test moves."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest
from playwright.async_api import Browser, BrowserContext, Locator, Page, async_playwright, expect

from testbed.installations.installation import installation
from tests.browser.other_browsers import missing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

PHONE = (390, 844)
DESKTOP = (1280, 800)
HELSINKI = (60.1700, 24.9400)
METRES_PER_DEGREE = 111_195
SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"
KEEPS_PICTURES = bool(os.environ.get("CAVALCADE_SCREENSHOTS"))
"""Whether pictures of screens are kept for people to look at: each takes a second or two where software draws."""

expect.set_options(timeout=20_000)  # only as long as it takes: a busy machine may take more than the usual five seconds

BOTH_BACKENDS = pytest.mark.parametrize("cavalcade_url", ["services", "monolith"], indirect=True)
# Where the backend has little part: on the second one only when there is time.
EITHER_BACKEND = pytest.mark.parametrize(
    "cavalcade_url", ["services", pytest.param("monolith", marks=pytest.mark.long)], indirect=True
)

# What is looked at in each combination of its conditions when there is time, and else in every pair of them.
PAIRS_OR_ALL = pytest.mark.parametrize("all_of_them", [False, pytest.param(True, marks=pytest.mark.long)])

Theme = Literal["light", "dark"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leaves out the tests of further browsers that this machine has not; the end of the run says why."""
    if os.environ.get("CAVALCADE_ALL_BROWSERS"):
        return
    for item in items:
        if item.get_closest_marker("other_browser") and isinstance(item, pytest.Function):
            name = str(item.callspec.params["browser"])
            if package := missing(name):
                item.add_marker(pytest.mark.skip(reason=f"there is no {name}, which comes with Debian's {package}"))


@dataclass
class Phone:
    """Somebody with the page open.

    Attributes:
        context: What the browser keeps for this person alone.
        page: Where the page is shown.
        complaints: Errors of scripts and of the Content-Security-Policy; a test ends with none.
    """

    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)

    async def start(self, base: str) -> str:
        """Start a session and return its link."""
        await self.page.goto(base)
        await self.button("Start a session").click()
        await expect(self.page.locator("[data-panel=share]")).to_be_visible()
        link = (await self.page.locator(".link").inner_text()).strip()
        return f"{base.partition('//')[0]}//{link}"

    async def join(self, link: str, name: str, how: str = "Join the map") -> None:
        """Open a link and join under a name."""
        await self.page.goto(link)
        await self.page.get_by_label("Your name").fill(name)
        await self.button(how).click()
        await expect(self.page.locator(".dock")).to_be_visible()

    async def move(self, north: float, east: float = 0) -> None:
        """Move to so many metres north and east of where everybody starts."""
        latitude = HELSINKI[0] + north / METRES_PER_DEGREE
        longitude = HELSINKI[1] + east / METRES_PER_DEGREE * 2
        await self.context.set_geolocation({"latitude": latitude, "longitude": longitude, "accuracy": 6})

    async def until(self, expression: str) -> None:
        """Wait until JavaScript comes out true. The page's policy keeps Playwright's own way from looking twice."""
        async with asyncio.timeout(10):
            while not await self.page.evaluate(expression):  # noqa: ASYNC110 - the page tells nobody
                await asyncio.sleep(0.05)

    async def open_panel(self, name: Literal["people", "share", "menu", "talk", "pin"]) -> None:
        """Open a panel, unless it is open; inviting is opened among people."""
        if name == "share" and not await self.page.locator("[data-opens=share]").is_visible():
            await self.open_panel("people")
        if not await self.page.locator(f"[data-panel={name}]").is_visible():
            await self.page.locator(f"[data-opens={name}]").click()
        await expect(self.page.locator(f"[data-panel={name}]")).to_be_visible()

    def button(self, name: str) -> Locator:
        """A button by its accessible name."""
        return self.page.get_by_role("button", name=name, exact=True)

    def row(self, name: str) -> Locator:
        """Somebody's row in the panel that says who is here."""
        return self.page.locator("li.person").filter(has=self.page.get_by_text(name, exact=True))

    def avatar(self, participant: int) -> Locator:
        """Somebody on the map."""
        return self.page.locator(f".avatar[data-participant='{participant}'] .avatar-disc")

    async def screenshot(self, name: str) -> None:
        """Keep what is to be seen now under `build/screenshots`, where that is asked for."""
        await keep_picture(self.page, name)


async def keep_picture(page: Page, name: str, *, is_wrong: bool = False) -> None:
    """Keeps what a page shows now under `build/screenshots`, where that is asked for or something is wrong with it."""
    if KEEPS_PICTURES or is_wrong:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=SCREENSHOTS / f"{name}.png")


UNUSED_FEATURES = (
    # Of the window around the page: two pages of its address line took 1.5 s of a core for each phone.
    *("WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup", "SpareRendererForSitePerProcess"),
    # What Playwright switches off itself. Chromium obeys only the last list that it is given.
    *("AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades"),
    *(
        "HttpsFirstBalancedModeAutoEnable",
        "LensOverlay",
        "MediaRouter",
        "PaintHolding",
        "ThirdPartyStoragePartitioning",
    ),
    *("AvoidCorsURLLoaderRestartOnRedirect", "OptimizationHints", "NetworkTimeServiceQuerying", "AimEnabled"),
    "PreconnectToSearch",
)
CHROMIUM_ARGUMENTS = (
    # Without a graphics process, pictures are drawn by the same software with a third less work.
    "--disable-gpu",
    "--enable-unsafe-swiftshader",
    f"--disable-features={','.join(UNUSED_FEATURES)}",
)


@pytest.fixture(scope="session")
async def stacks() -> AsyncIterator[Callable[[str], Awaitable[str]]]:
    """Gives the address of a whole Cavalcade by its backend; each is started when it is first wanted."""
    urls: dict[str, str] = {}
    async with contextlib.AsyncExitStack() as running:

        async def url(backend: str) -> str:
            if backend not in urls:
                urls[backend] = await running.enter_async_context(running_cavalcade(backend))
            return urls[backend]

        yield url


@contextlib.asynccontextmanager
async def running_cavalcade(backend: str = "services", **settings: str) -> AsyncIterator[str]:
    """A whole Cavalcade with these environment variables, ended again; gives its address."""
    async with installation(backend, 1, settings=settings) as running:
        yield running.public_url


@pytest.fixture
async def cavalcade_url(request: pytest.FixtureRequest, stacks: Callable[[str], Awaitable[str]]) -> str:
    """A whole Cavalcade: started for these tests, or running already and named in CAVALCADE_TEST_URL.

    Without a parameter its backend is `services`; `BOTH_BACKENDS` and `EITHER_BACKEND` say otherwise.
    """
    return os.environ.get("CAVALCADE_TEST_URL") or await stacks(getattr(request, "param", "services"))


def _chromium() -> str | None:
    given = os.environ.get("CAVALCADE_CHROMIUM")
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    return given or next((path for path in found if path), None)


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """One browser for all phones, which share nothing in it."""
    path = _chromium()
    if path is None:
        pytest.skip("needs Chromium: install it, or name one in CAVALCADE_CHROMIUM")
    arguments = [*CHROMIUM_ARGUMENTS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        await browser.close()


@pytest.fixture
async def new_phone(chromium: Browser) -> AsyncIterator[Callable[..., Awaitable[Phone]]]:
    """Makes phones that stand where everybody starts; at the end none may have complained."""
    phones: list[Phone] = []

    async def make(
        *,
        desktop: bool = False,
        theme: Theme = "light",
        may_locate: bool = True,
        east: float = 0,
        **options: Any,
    ) -> Phone:
        size = DESKTOP if desktop else PHONE
        context = await chromium.new_context(
            viewport={"width": size[0], "height": size[1]},
            has_touch=not desktop,
            color_scheme=theme,
            permissions=["geolocation"] if may_locate else [],
            **{"locale": "en-IE", **options},
        )
        # No test talks to a server of somebody else's: the map falls back to what ships with the page.
        await context.route("https://**", lambda route: route.abort())
        page = await context.new_page()
        phone = Phone(context, page)
        await phone.move(0, east)
        page.on("pageerror", lambda error: phone.complaints.append(str(error)))
        page.on(
            "console",
            lambda message: phone.complaints.append(message.text) if "Content Security" in message.text else None,
        )
        phones.append(phone)
        return phone

    yield make
    for phone in phones:
        with contextlib.suppress(Exception):
            await phone.context.close()
    assert [complaint for phone in phones for complaint in phone.complaints] == []
