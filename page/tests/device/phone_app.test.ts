import { expect, test } from "vitest";
import { addressForApp } from "../../src/device/phone_app";

const IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15";
const ANDROID = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile";
const DESKTOP = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0";
const LINK = { sessionId: "abc123defg", code: "abc123defg.AbCdEfGhIjKlMnOpQrStUg", watch: false };
const ORIGIN = "https://ride.example:8443";
const ADDRESS = `cavalcade://open/j?server=https%3A%2F%2Fride.example%3A8443#${LINK.code}`;

test.each([
  [IPHONE, "ios", ADDRESS],
  [ANDROID, "android ios", ADDRESS],
  [IPHONE, "android", null],
  [ANDROID, "", null],
  [DESKTOP, "android ios", null],
  [ANDROID, "{{ placeholder `http.vars.app_systems` | html }}", null],
])("%s, with apps for %j", (userAgent, systems, address) => {
  expect(addressForApp(userAgent, systems, ORIGIN, LINK)).toBe(address);
});

test("a link for watching stays one", () => {
  expect(addressForApp(IPHONE, "ios", ORIGIN, { ...LINK, watch: true })).toBe(`${ADDRESS}&watch`);
});
