import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { PROMPT_MS, tellFate } from "../../src/panels/signal_fate";
import type { SessionView } from "../../src/panels/ui";

type Told = Parameters<SessionView["tell"]>[0];

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** What is told of a signal that the server takes, or does not, after so many milliseconds. */
async function toldOf(link: "live" | "lost", after: number, isSent: boolean): Promise<Told[]> {
  const told: Told[] = [];
  const view = { live: { link }, tell: (notice: Told) => told.push(notice) } as unknown as SessionView;
  const sent = new Promise<boolean>((resolve) => setTimeout(() => resolve(isSent), after));
  const ended = tellFate(view, "wait_for_me", sent);
  await vi.advanceTimersByTimeAsync(after);
  await ended;
  await vi.runAllTimersAsync();
  return told;
}

const titles = (told: readonly Told[]) => told.map(({ title }) => title);

test("it is sent once the server has it, and that is said aloud at once", async () => {
  const told = await toldOf("live", 100, true);
  expect(titles(told)).toEqual(["Sent: Wait for me"]);
  expect(told[0]).toMatchObject({ level: "answer", spoken: "Sent: Wait for me" });
});

test("a server that takes its time is not said to have it", async () => {
  expect(titles(await toldOf("live", PROMPT_MS + 1, true))).toEqual(["Not sent yet: Wait for me", "Sent: Wait for me"]);
});

test("without a network it waits, from the first moment on", async () => {
  expect(titles(await toldOf("lost", 10, true))).toEqual(["Not sent yet: Wait for me", "Sent: Wait for me"]);
});

test("what came to nothing is not said to be sent", async () => {
  expect(titles(await toldOf("lost", 600_001, false))).toEqual(["Not sent yet: Wait for me", "Not sent: Wait for me"]);
});
