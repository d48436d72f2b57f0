import { expect, test } from "vitest";
import { chatSettings } from "../../src/panels/chat_settings";
import type { SessionView } from "../../src/panels/ui";
import type { Talk } from "../../src/session/talk";
import { listenersOf, textOf } from "./drawn";

test("a host settles who writes, what newcomers see and whether viewers read, one at a time", () => {
  const asked: unknown[] = [];
  const view = {
    live: { ask: (name: string, change: object) => Promise.resolve(asked.push([name, change])) },
    attempt: (work: () => Promise<void>) => void work(),
  } as unknown as SessionView;
  const settings = { viewers_read: false, newcomers_see: "recent", writers: "all" };
  const template = chatSettings(view, { settings } as Talk);
  expect(textOf(template)).toContain("Who writes");
  const [writers, newcomers, viewers] = listenersOf(template);
  const choose = (listener: ((event: Event) => void) | undefined, value: string) =>
    listener?.({ target: { value } } as unknown as Event);
  choose(writers, "leaders");
  choose(newcomers, "none");
  choose(viewers, "yes");
  choose(viewers, "no");
  expect(asked).toEqual([
    ["chat:set", { writers: "leaders" }],
    ["chat:set", { newcomers_see: "none" }],
    ["chat:set", { viewers_read: true }],
    ["chat:set", { viewers_read: false }],
  ]);
});
