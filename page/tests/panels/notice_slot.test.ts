import { describe, expect, test } from "vitest";
import { type Level, type Notice, NoticeSlot } from "../../src/panels/notice_slot";

const S = 1_000;
const MIN = 60 * S;

function notice(name: string, level: Level): Notice {
  return { name, level, title: name };
}

function shown(slot: NoticeSlot, now: number, ...standing: Notice[]): string | null {
  return slot.look(standing, now).shown?.name ?? null;
}

describe("notice slot", () => {
  test("one is shown, the most important first, and the others are counted", () => {
    const slot = new NoticeSlot();
    slot.tell(notice("waits", "forYou"), 0);
    const standing = [notice("keep", "advice"), notice("here", "regroup"), notice("help", "sos")];
    expect(slot.look(standing, 0)).toMatchObject({ shown: { name: "help" }, more: 3 });
    expect(shown(slot, 0, notice("keep", "advice"), notice("here", "regroup"))).toBe("waits");
    expect(shown(slot, 60 * S, notice("keep", "advice"), notice("here", "regroup"))).toBe("here");
    expect(slot.look([], 60 * S)).toEqual({ shown: null, more: 0 });
  });

  test("a call for help stands until it is taken back", () => {
    const slot = new NoticeSlot();
    slot.tell(notice("help", "sos"), 0);
    expect(shown(slot, 24 * 60 * MIN)).toBe("help");
    slot.untell("help");
    expect(shown(slot, 24 * 60 * MIN)).toBeNull();
  });

  test("the same thing told again is one notice", () => {
    const slot = new NoticeSlot();
    slot.tell(notice("behind", "forYou"), 0);
    slot.tell(notice("behind", "forYou"), 30 * S);
    expect(slot.look([], 30 * S).more).toBe(0);
    expect(shown(slot, 80 * S)).toBe("behind");
  });

  test("the reader turns to the next, until something comes that matters more", () => {
    const slot = new NoticeSlot();
    const standing = [notice("time", "forYou"), notice("keep", "advice")];
    slot.turn(standing, 0);
    expect(shown(slot, 0, ...standing)).toBe("keep");
    slot.turn(standing, 0);
    expect(shown(slot, 0, ...standing)).toBe("time");
    slot.turn(standing, 0);
    slot.tell(notice("help", "sos"), 1);
    expect(shown(slot, 1, ...standing)).toBe("help");
    slot.untell("help");
    expect(shown(slot, 2, ...standing)).toBe("time");
  });

  test("news are gathered for half a minute, and are one banner", () => {
    const slot = new NoticeSlot();
    slot.tell(notice("Ben is here", "goodToKnow"), 0);
    slot.tell(notice("Cleo is here", "goodToKnow"), 29 * S);
    expect(shown(slot, 29 * S)).toBeNull();
    expect(slot.look([], 30 * S)).toMatchObject({ shown: { title: "Ben is here · Cleo is here" }, more: 0 });
    expect(shown(slot, 40 * S)).toBeNull();
  });

  test("after two banners of news the next takes a while, and what is old by then is not shown", () => {
    const slot = new NoticeSlot();
    const seen = new Set<string>();
    for (let now = 0; now < 20 * MIN; now += S) {
      if (now % MIN === 0) slot.tell(notice(`minute ${now / MIN}`, "goodToKnow"), now);
      const title = slot.look([], now).shown?.title;
      if (title) seen.add(title);
    }
    const [first, second, ...later] = seen;
    expect([first, second]).toEqual(["minute 0", "minute 1"]);
    expect(later).toEqual([
      "minute 4 · minute 5 · minute 6 · minute 7 · minute 8",
      expect.stringContaining("minute 16"),
    ]);
  });

  /** A hundred messages count in the dock alone; what else a ride of an hour brings is told here. */
  test("an hour of a ride never shows two, and twelve at most beside the call for help", () => {
    const slot = new NoticeSlot();
    const happens = new Map<number, Notice[]>();
    const at = (minute: number, one: Notice) => happens.set(minute * MIN, [...(happens.get(minute * MIN) ?? []), one]);
    for (let one = 0; one < 20; one++) at(one * 3, notice(`status ${one}`, "goodToKnow"));
    for (let one = 0; one < 15; one++) at(one * 4, notice(`arrival ${one}`, "goodToKnow"));
    for (const minute of [7, 8, 41]) at(minute, notice(`straggler ${minute}`, "forYou"));
    at(33, notice("help", "sos"));
    const banners: string[] = [];
    let before = "";
    for (let now = 0; now < 60 * MIN; now += S) {
      for (const one of happens.get(now) ?? []) slot.tell(one, now);
      if (now === 36 * MIN) slot.untell("help");
      const { shown: one } = slot.look([], now);
      const name = one ? one.name + one.title : "";
      if (name && name !== before) banners.push(one?.level ?? "");
      before = name;
      if (now > 33 * MIN && now < 36 * MIN) expect(one?.level).toBe("sos");
    }
    expect(banners.filter((level) => level === "sos")).toHaveLength(1);
    expect(banners.filter((level) => level === "forYou").length).toBeGreaterThanOrEqual(3);
    expect(banners.filter((level) => level !== "sos").length).toBeLessThanOrEqual(12);
  });
});
