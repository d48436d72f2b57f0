import { expect, test } from "vitest";
import { type KeptDraft, leftOf, readDraft } from "../../src/session/sos_draft";

const END = 1_790_000_000_000;
const draft: KeptDraft = { kind: "injured", forWhom: null, opId: "o1", endsAt: END };

test.each([
  [END - 9_400, 10],
  [END - 5_600, 6],
  [END - 500, 5],
  [END + 15_000, 5],
  [END + 15_001, "ask"],
  [END + 600_000, "ask"],
  [END + 600_001, null],
  // The device's clock was set back meanwhile.
  [END - 3_600_000, 10],
])("at %d a page that comes back has left of the countdown: %s", (now, left) => {
  expect(leftOf(draft, now)).toBe(left);
});

test("what was kept is read again, and what cannot be is nothing", () => {
  expect(readDraft(JSON.stringify(draft))).toEqual(draft);
  expect(readDraft(JSON.stringify({ ...draft, forWhom: 3 }))).toEqual({ ...draft, forWhom: 3 });
  for (const text of [null, "", "{", "7", "[]", JSON.stringify({ ...draft, endsAt: "soon" })]) {
    expect(readDraft(text)).toBeNull();
  }
});
