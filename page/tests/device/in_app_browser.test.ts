import { expect, test } from "vitest";
import { addressForBrowser, inAppBrowser } from "../../src/device/in_app_browser";

const SAFARI =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1";
const CHROME =
  "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36";
const FACEBOOK =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [FBAN/MessengerForiOS;FBAV/510.0;FBDV/iPhone14,5]";
const INSTAGRAM =
  "Mozilla/5.0 (Linux; Android 14; SM-S911B; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/140.0 Mobile Safari/537.36 Instagram 390.0";
const WEB_VIEW =
  "Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/AP1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/140.0 Mobile Safari/537.36";
const LINE =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari Line/15.1.0";

test.each([
  [SAFARI, null],
  [CHROME, null],
  [FACEBOOK, "Facebook"],
  [INSTAGRAM, "Instagram"],
  [LINE, "LINE"],
  [WEB_VIEW, ""],
])("%s is %j", (userAgent, app) => expect(inAppBrowser(userAgent)).toBe(app));

test("the address for Android's browser keeps the link's fragment", () => {
  const link = "https://ride.example/j#abcdefghij.AAAAAAAAAAAAAAAAAAAAAA&watch";
  expect(addressForBrowser(INSTAGRAM, link)).toBe(
    "intent://ride.example/j#abcdefghij.AAAAAAAAAAAAAAAAAAAAAA&watch#Intent;scheme=https;end",
  );
  expect(addressForBrowser(FACEBOOK, link)).toBeNull();
});
