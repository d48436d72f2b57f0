"""How fast scripts run, so that a slowed processor can be compared with telephones, and one day with another.

In the terms of Lighthouse's BenchmarkIndex (https://github.com/GoogleChrome/lighthouse, core/lib/page-functions.js):
how often 10,000 letters are put together in a tenth of a second, how often 100,000 numbers are copied, and the mean of
both. DevTools calibrates its slowdown by it (CalibrationController.ts): a low-tier telephone, the Moto G Power of 2022,
has 264 and a mid-tier one, the Pixel 5, 1,000.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.async_api import Browser

_SPEED = """
() => {
  const aSecond = (once) => {
    const begun = performance.now();
    let times = 0;
    let took = 0;
    do {
      once();
      times += 1;
      took = performance.now() - begun;
    } while (took < 500);
    return (times / took) * 1000;
  };
  const strings = aSecond(() => {
    let letters = "";
    for (let i = 0; i < 10_000; i++) letters += "a";
    if (letters.length !== 10_000) throw new Error("not put together");
  });
  let from = Array.from({ length: 100_000 }, (_, i) => i);
  let to = [...from];
  const copies = aSecond(() => {
    const [source, target] = [from, to];
    for (let i = 0; i < source.length; i++) target[i] = source[i];
    [from, to] = [to, from];
  });
  return (strings + copies) / 20;
}
"""


async def script_speed(browser: Browser, slowdown: float = 1) -> int:
    """Measures it three times, half a second for each part, and returns the median.

    Args:
        browser: A Chromium that does nothing else.
        slowdown: How many times slower Chromium is told to make the processor.
    """
    page = await browser.new_page()
    session = await page.context.new_cdp_session(page)
    await session.send("Emulation.setCPUThrottlingRate", {"rate": slowdown})
    found = [float(await page.evaluate(_SPEED)) for _ in range(3)]
    await page.close()
    return round(statistics.median(found))
