"""The session's screen at many sizes, with large letters, cards and panels: all has room, and people are in view."""

from __future__ import annotations

from itertools import combinations, product
from typing import TYPE_CHECKING

from playwright.async_api import expect

from cavalcade.client import Post, connect, create_session
from cavalcade.domain.features.chat import SendMessage
from tests.browser.conftest import PAIRS_OR_ALL, keep_picture

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.browser.conftest import Phone

    NewPhone = Callable[..., Awaitable[Phone]]

SIZES = [
    (390, 844),
    (844, 390),
    (320, 568),
    (568, 320),
    (375, 667),
    (667, 375),
    (932, 430),
    (820, 1180),
    (1440, 900),
]
TEXTS = (100, 200)
PANELS = ("none", "people", "share", "menu", "talk")
STATES = ("location", "two", "none", "following", "talked")
"""What the map says beside the panel: a notice, two in German, none, none while the camera follows, and one in French
where people talked."""

LEAST_PANEL_PX = 80
"""Of what a panel holds, under its head, as much is to be seen at least."""

NAMES = {
    "Arabic": "محمد بن عبد الرحمن الحسيني",
    "Hebrew": "אביגיל כרמלי-רוזנבלום השנייה",
}

SHOW = """async ([text, panel]) => {
  document.documentElement.style.fontSize = `${text}%`;
  const click = (selector) => document.querySelector(selector)?.click();
  // Beside the map, closing another panel opens that of people.
  for (let turn = 0; turn < 2 && panel === "none"; turn++) click(".panel-head .icon-button");
  if (panel === "share" && !document.querySelector("[data-opens=share]")) click("[data-opens=people]");
  if (panel !== "none" && !document.querySelector(`[data-panel=${panel}]`)) click(`[data-opens=${panel}]`);
  const frame = () => new Promise(requestAnimationFrame);
  for (let count = 0; count < 3; count++) await frame();
}"""

FAULTS = """(leastPanel) => {
  const faults = [];
  const told = (one) => one.outerHTML.slice(0, 90).replace(/\\s+/g, " ");
  const isHit = (one) => {
    const target = one.closest("label") ?? one;
    const { left, top, width, height } = target.getBoundingClientRect();
    return target.contains(document.elementFromPoint(left + width / 2, top + height / 2));
  };
  const isInWindow = ({ left, top, right, bottom }) =>
    left >= -0.5 && top >= -0.5 && right <= innerWidth + 0.5 && bottom <= innerHeight + 0.5;
  const controls = [...document.querySelectorAll("main :is(button, a[href], input, select, textarea)")]
    .filter((one) => one.checkVisibility() && !one.closest(".avatar, .edge-mark, .maplibregl-ctrl-attrib"));
  for (const one of controls.filter((each) => !each.closest(".panel-body"))) {
    if (!isInWindow(one.getBoundingClientRect())) faults.push(`out of the window: ${told(one)}`);
    if (!isHit(one)) faults.push(`covered: ${told(one)}`);
  }
  const body = document.querySelector(".panel-body");
  if (body) {
    const { top, bottom } = body.getBoundingClientRect();
    const isWhole = body.scrollHeight <= body.clientHeight + 1;
    const seen = Math.min(bottom, innerHeight) - top;
    if (seen < leastPanel && !isWhole) faults.push(`a panel of ${Math.round(seen)} px`);
    for (const one of controls.filter((each) => body.contains(each))) {
      one.scrollIntoView({ block: "center", behavior: "instant" });
      if (!isHit(one)) faults.push(`out of reach: ${told(one)}`);
    }
    body.scrollTop = 0;
  }
  // Names may be cut, and the link is there to be copied; all else must be there to be read.
  for (const one of document.querySelectorAll("main :is(b, p, h2, h3, span, small, label, button, .panel-body)")) {
    if (!one.checkVisibility() || one.clientWidth === 0) continue;
    if (one.matches("[dir=auto], .dock-icon, .people-layer *, .visually-hidden, .maplibregl-map *")) continue;
    if (one.scrollWidth > one.clientWidth + 1) faults.push(`too wide: ${told(one)}`);
  }
  return faults;
}"""

# Where a name's first letter is drawn, against the box that cuts the name.
FIRST_LETTERS = """(name) => [...document.querySelectorAll("main *")]
  .map((one) => [one, [...one.childNodes].find((node) => node.nodeType === 3 && node.data === name)])
  .filter(([one, text]) => text && one.checkVisibility())
  .map(([one, text]) => {
    const range = document.createRange();
    range.setStart(text, 0);
    range.setEnd(text, 1);
    const [letter, box] = [range.getBoundingClientRect(), one.getBoundingClientRect()];
    const isInside = letter.left >= box.left - 1 && letter.right <= box.right + 1;
    return [one.className || one.localName, isInside, one.scrollWidth > one.clientWidth];
  })"""

DISCS = """() => [...document.querySelectorAll(".avatar-disc")].map((disc) => {
  const { x, y, width, height } = disc.getBoundingClientRect();
  return [x + width / 2, y + height / 2];
})"""


def _looks(state: str, *, all_of_them: bool) -> list[tuple[tuple[int, int], int, str]]:
    """The sizes, letters and panels that a state is looked at in: all of them, or so that each pair comes once."""
    if all_of_them:
        return list(product(SIZES, TEXTS, PANELS))
    turn = STATES.index(state)
    return [
        (size, TEXTS[(turn // 2 + place) % len(TEXTS)], PANELS[(turn + place) % len(PANELS)])
        for place, size in enumerate(SIZES)
    ]


def test_every_pair_of_conditions_is_looked_at() -> None:
    looked = [(state, *look) for state in STATES for look in _looks(state, all_of_them=False)]
    for one, other in combinations(range(4), 2):
        wanted = set(product(*((STATES, SIZES, TEXTS, PANELS)[place] for place in (one, other))))
        assert {(look[one], look[other]) for look in looked} == wanted


async def _look_everywhere(phone: Phone, state: str, *, all_of_them: bool) -> None:
    page = phone.page
    # It is fetched when it is first wanted.
    await page.evaluate(SHOW, [100, "talk"])
    await expect(page.locator(".talk")).to_be_visible()
    wrong: dict[str, list[str]] = {}
    for size, text, panel in _looks(state, all_of_them=all_of_them):
        await page.set_viewport_size({"width": size[0], "height": size[1]})
        await page.evaluate(SHOW, [text, panel])
        where = f"layout-{state}-{size[0]}x{size[1]}-{text}-{panel}"
        if faults := await page.evaluate(FAULTS, LEAST_PANEL_PX):
            wrong[where] = faults
            await keep_picture(page, where, is_wrong=True)
    assert wrong == {}


@PAIRS_OR_ALL
async def test_everything_has_room_beside_a_notice(cavalcade_url: str, new_phone: NewPhone, all_of_them: bool) -> None:
    ben = await new_phone(may_locate=False, reduced_motion="reduce")
    made = await create_session(cavalcade_url)
    assert made.link
    await ben.join(made.link, "Benedikt Sommerfeld-Gr\u00fcnwald")
    await expect(ben.page.locator("[data-notice=location]")).to_be_visible()
    await _look_everywhere(ben, "location", all_of_them=all_of_them)


@PAIRS_OR_ALL
async def test_everything_has_room_beside_two_notices_in_another_language(
    cavalcade_url: str, new_phone: NewPhone, all_of_them: bool
) -> None:
    lea = await new_phone(locale="de-DE", reduced_motion="reduce")
    made = await create_session(cavalcade_url, lifetime_s=1500)
    assert made.link
    await lea.page.goto(made.link)
    await lea.button("Auf die Karte").click()
    for notice in ("keep", "time"):
        await lea.page.locator(".notice-words").click()
        await lea.page.locator("button.notice-more").click()
        await expect(lea.page.locator(f"[data-notice={notice}]")).to_be_visible()
    await _look_everywhere(lea, "two", all_of_them=all_of_them)


@PAIRS_OR_ALL
async def test_everything_has_room_without_a_notice(cavalcade_url: str, new_phone: NewPhone, all_of_them: bool) -> None:
    anna = await new_phone(reduced_motion="reduce")
    await anna.start(cavalcade_url)
    await anna.button("Got it").click()
    await anna.page.locator(".panel-head .icon-button").click()
    await anna.page.locator("[data-notice=alone] .notice-words").click()
    await anna.button("Not now").click()
    await expect(anna.button("Center on me")).to_be_enabled()
    await _look_everywhere(anna, "none", all_of_them=all_of_them)
    await anna.page.evaluate("document.documentElement.style.fontSize = '100%'")
    await anna.page.set_viewport_size({"width": 390, "height": 844})
    await anna.button("Center on me").click()
    await expect(anna.button("Show everyone")).to_be_visible()
    await _look_everywhere(anna, "following", all_of_them=all_of_them)


@PAIRS_OR_ALL
async def test_everything_has_room_where_people_talked_in_a_third_language(
    cavalcade_url: str, new_phone: NewPhone, all_of_them: bool
) -> None:
    lea = await new_phone(locale="fr-FR", reduced_motion="reduce")
    made = await create_session(cavalcade_url, host_name="Maximilienne de Grandchamp-Delacroix")
    assert made.link
    await lea.page.goto(made.link)
    await lea.button("Rejoindre la carte").click()
    await expect(lea.page.locator("[data-notice=keep]")).to_be_visible()
    await lea.open_panel("talk")
    await lea.page.locator(".signals [data-signal=next_stop]").click()
    async with connect(made) as host:
        await host.set_post(Post.SWEEP, 1)
        await host.ask(SendMessage("Donaudampfschifffahrtsgesellschaft " * 3))
    await expect(lea.page.locator(".message:not(.is-unsent)")).to_have_count(2)
    await _look_everywhere(lea, "talked", all_of_them=all_of_them)


async def test_a_notice_says_all_it_has_to_say_when_tapped(cavalcade_url: str, new_phone: NewPhone) -> None:
    ben = await new_phone(may_locate=False)
    await ben.page.set_viewport_size({"width": 375, "height": 600})
    made = await create_session(cavalcade_url)
    assert made.link
    await ben.join(made.link, "Ben")
    words = ben.page.locator("[data-notice=location] .notice-words")
    await expect(ben.button("Try again")).to_be_visible()
    await expect(ben.button("Just watch")).to_be_hidden()
    await words.click()
    await expect(words).to_have_attribute("aria-expanded", "true")
    await expect(ben.button("Try again")).to_be_visible()
    assert await words.locator("> span").evaluate("one => one.scrollHeight <= one.clientHeight + 1")
    await ben.button("Just watch").click()
    await expect(words).to_have_count(0)
    # What keeps the page from a position is asked for where that is missed.
    await ben.page.locator(".sharing").click()
    await expect(ben.button("Just watch")).to_be_visible()


async def test_panels_and_notices_leave_people_in_view_or_the_camera_alone(
    cavalcade_url: str, new_phone: NewPhone
) -> None:
    anna = await new_phone(reduced_motion="reduce")
    await anna.page.set_viewport_size({"width": 320, "height": 568})
    ben = await new_phone(east=200)
    link = await anna.start(cavalcade_url)
    await ben.join(link, "Ben")
    await anna.page.locator(".panel-head .icon-button").click()
    await expect(anna.page.locator("[data-notice=keep]")).to_be_visible()
    await expect(anna.page.locator(".avatar")).to_have_count(2)
    await expect(anna.page.locator(".edge-mark")).to_have_count(0)
    apart: set[float] = set()
    for panel in (*PANELS, "none"):
        await anna.page.evaluate(SHOW, [100, panel])
        (left, right) = sorted(await anna.page.evaluate(DISCS))
        apart.add(right[0] - left[0])
        assert all(0 < x < 320 and 0 < y < 568 for x, y in (left, right)), panel
    assert min(apart) > max(apart) / 3, "the camera did not look from far away"


async def test_names_from_the_right_are_cut_where_they_end(cavalcade_url: str, new_phone: NewPhone) -> None:
    anna = await new_phone()
    made = await create_session(cavalcade_url, name=NAMES["Hebrew"])
    assert made.link
    await anna.join(made.link, "Anna")
    for name in NAMES.values():
        other = await new_phone(east=60 if name == NAMES["Arabic"] else 180)
        await other.join(made.link, name)
        await anna.open_panel("people")
        await expect(anna.row(name)).to_be_visible()
        await expect(anna.page.locator(".avatar-name", has_text=name)).to_be_visible()
        seen = await anna.page.evaluate(FIRST_LETTERS, name)
        assert len(seen) >= 2, seen
        assert all(is_inside for _, is_inside, _ in seen), seen
        assert any(is_cut for _, _, is_cut in seen), "the name is not long enough for this test"
    # In the middle of a sentence too, what stands behind a name stays behind it.
    await expect(
        anna.page.get_by_role("status").filter(has_text=f"\u2068{NAMES['Hebrew']}\u2069 is here")
    ).to_have_count(1)
    await anna.open_panel("menu")
    await anna.page.locator("[data-opens=handlebar]").click()
    await expect(anna.button("Close").last).to_be_visible()
    seen = await anna.page.evaluate(FIRST_LETTERS, NAMES["Arabic"])
    assert all(is_inside for _, is_inside, _ in seen), seen
