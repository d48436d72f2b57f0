import { afterEach, expect, test, vi } from "vitest";
import { liftToken, takeToken } from "../../src/net/handed_token";

const CODE = "abc123defg.AbCdEfGhIjKlMnOpQrStUg";
const TOKEN = "AWFiYzEyM2RlZmcAAAACAAABk-vJ5AA0".repeat(2);

/** An address that the page is opened at, and where it stands afterwards. */
function opened(address: string): { address: string } {
  const at = { address };
  vi.stubGlobal("location", new URL(address));
  vi.stubGlobal("history", {
    state: { unstored: {} },
    replaceState: (_: unknown, __: string, to: string) => {
      at.address = new URL(to, address).href;
    },
  });
  return at;
}

afterEach(() => vi.unstubAllGlobals());

test.each(["", "&watch"])("a token is lifted out of the fragment, behind a link%s", (mark) => {
  const at = opened(`https://ride.example/j#${CODE}${mark}&as=${TOKEN}`);
  liftToken();
  expect(at.address).toBe(`https://ride.example/j#${CODE}${mark}`);
  expect(takeToken()).toBe(TOKEN);
  expect(takeToken()).toBeNull();
});

test.each([
  `https://ride.example/j?x=1&as=${TOKEN}#${CODE}`,
  `https://ride.example/j/&as=${TOKEN}#${CODE}`,
  `https://ride.example/j#${CODE}%26as=${TOKEN}`,
  `https://ride.example/j#${CODE}&as=short`,
  `https://ride.example/j#${CODE}&as=${TOKEN}&watch`,
  `https://ride.example/j#${CODE}`,
])("there is none in %s", (address) => {
  const at = opened(address);
  liftToken();
  expect(takeToken()).toBeNull();
  expect(at.address).toBe(address);
});
