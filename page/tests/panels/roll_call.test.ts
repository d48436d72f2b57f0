import { beforeEach, describe, expect, test } from "vitest";
import { destination } from "../../src/model/geo";
import type { Participant, PlaceKind, Position, SessionEvent } from "../../src/model/model";
import { regroupStrip } from "../../src/panels/roll_call";
import { RollCallNews } from "../../src/panels/roll_call_news";
import type { SessionView } from "../../src/panels/ui";
import { reduce, type SessionState } from "../../src/session/session_state";
import { Watch } from "../../src/session/watch";

type Told = Parameters<SessionView["tell"]>[0];

const AT = 1_790_000_000_000;
const HERE = { lat: 60.17, lon: 24.94 };
const NAMES = ["Ada", "Hugo", "Ole", "Greta", "Eva"];
const [ADA, HUGO, OLE, GRETA, EVA] = [1, 2, 3, 4, 5];
const session = { id: "abcdefghij", name: "Ride", created_at: 0, expires_at: AT * 2, time_asked_by: null };

function person(id: number): Participant {
  const features: Participant["features"] =
    id === ADA ? { post: { post: "lead" } } : id === EVA ? { status: { status: "going_home", since: AT } } : {};
  const name = NAMES[id - 1] ?? "";
  const role = id === HUGO ? "host" : "member";
  return { id, name, initials: name[0] ?? "", color: "#e5484d", role, sharing: id !== GRETA, joined_at: 0, features };
}

/** Ada's page at the meeting place: Hugo comes, Ole fell silent, Greta does not share, Eva goes home. */
class Page {
  readonly told: Told[] = [];
  readonly asked: unknown[] = [];
  readonly taken: string[] = [];
  readonly watch = new Watch();
  now = AT;
  state: SessionState;
  private readonly news = new RollCallNews();

  constructor() {
    const participants = NAMES.map((_, index) => person(index + 1));
    const positions: Position[] = [
      { participant: ADA, ...HERE, speed: 0, fix_time: AT },
      { participant: HUGO, ...destination(HERE, 3_600, 180), heading: 0, speed: 10, fix_time: AT },
      { participant: OLE, ...destination(HERE, 9_000, 180), speed: 10, fix_time: AT - 720_000 },
    ];
    const reply = { offset: 9, server_time: AT, me: ADA, positions, snapshot: { session, participants } };
    const joined = reduce(null, { type: "joined", reply });
    this.state = reduce(joined, { type: "presence", connected: new Set([ADA, HUGO]), at: AT }) as SessionState;
    this.look();
  }

  get view(): SessionView {
    return {
      live: {
        watch: this.watch,
        state: this.state,
        me: this.state.participants.get(ADA),
        now: () => this.now,
        ask: (...asked: unknown[]) => Promise.resolve(this.asked.push(asked)),
      },
      attempt: (work: () => unknown) => work(),
      tell: (notice: Told) => this.told.push(notice),
      untell: (name: string) => this.taken.push(name),
    } as unknown as SessionView;
  }

  look(): void {
    this.watch.look(this.state, this.now, true);
    this.news.look(this.view);
  }

  /** Something happens, as everybody hears of it. */
  hear(type: SessionEvent["type"], data: object): number {
    const offset = this.state.offset + 1;
    const event = { offset, at: this.now, by: HUGO, op_id: null, type, data };
    this.state = reduce(this.state, { type: "event", event: event as SessionEvent }) as SessionState;
    this.look();
    return offset;
  }

  add(kind: PlaceKind, metres: number, name: string | null = null): number {
    const there = destination(HERE, metres, 0);
    return this.hear("place_added", { participant: HUGO, kind, ...there, name, note: null, radius_m: null, at: AT });
  }

  call(place: number | null, participant: number = HUGO): void {
    this.now += 1_000;
    this.hear("regroup_called", { place, participant, at: this.now });
  }

  alert(kind: string, participant: number | null, place: number): void {
    this.hear("alert_raised", { kind, participant, by: HUGO, at: this.now, place });
  }

  get titles(): string[] {
    return this.told.map(({ title }) => title);
  }
}

let page: Page;
beforeEach(() => {
  page = new Page();
});

describe("the strip", () => {
  test("says how many are there, and what of the others", () => {
    expect(regroupStrip(page.view)).toBeNull();
    page.call(page.add("meet", 0));
    const strip = regroupStrip(page.view);
    expect([strip?.level, strip?.title]).toEqual(["regroup", "1 of 4 here"]);
    expect(strip?.help).toBe("Hugo: about 6 min. Ole: no news for 12 min. Greta: does not share.");
  });

  test("says who decides where the next stop is", () => {
    page.call(null);
    const strip = regroupStrip(page.view);
    expect([strip?.title, strip?.help]).toEqual(["Meet at the next stop", "Where Ada stands for a minute."]);
  });
});

describe("what is told", () => {
  test("is where the group meets, once, shown and said", () => {
    page.call(page.add("meet", 1_000, "Café Adler"));
    page.look();
    const [notice] = page.told;
    expect(page.titles).toEqual(["Meet at Café Adler"]);
    expect([notice?.level, notice?.help]).toEqual(["forYou", "1 km north"]);
    expect(notice?.spoken).toBe(`Meet at Café Adler. ${notice?.help}`);
  });

  test("is nothing to who called, but where the next stop turned out to be", () => {
    page.call(null, ADA);
    expect(page.told).toEqual([]);
    page.call(page.add("meet", 0), ADA);
    expect(page.titles).toEqual(["Meet at the marked place"]);
    // Who is there is told no distance.
    expect([page.told[0]?.help, page.told[0]?.spoken]).toEqual([undefined, "Meet at the marked place"]);
  });

  test("is that all are there, once, and not that the call is over", () => {
    const place = page.add("meet", 0);
    page.call(place);
    page.alert("all_here", null, place);
    page.hear("regroup_ended", { by: null, reason: "all_here" });
    page.look();
    expect(page.titles).toEqual(["Meet at the marked place", "All here"]);
    expect(page.told[1]).toMatchObject({ level: "forYou", spoken: "All here" });
    expect(page.taken).toEqual([]);
  });

  test("is that somebody ended the call", () => {
    page.call(page.add("meet", 0));
    page.hear("regroup_ended", { by: HUGO, reason: "by_hand" });
    expect(page.titles.slice(1)).toEqual(["The call to meet is over"]);
    expect(page.taken).toEqual(["meet"]);
  });

  test("is who came and left, as news, without oneself", () => {
    const place = page.add("meet", 0);
    page.call(place);
    page.alert("arrival", ADA, place);
    page.alert("arrival", OLE, place);
    page.alert("departure", OLE, place);
    expect(page.told.slice(1).map(({ level, title, spoken }) => [level, title, spoken])).toEqual([
      ["goodToKnow", "Ole is at the meeting place", undefined],
      ["goodToKnow", "Ole has left the meeting place", undefined],
    ]);
  });

  test("is no arrival of somebody who was seen there for long", () => {
    const place = page.add("meet", 0);
    const { state } = page;
    const ole: Position = { participant: OLE, ...HERE, speed: 0, fix_time: AT + 1_000 };
    page.state = { ...state, positions: new Map(state.positions).set(OLE, ole) };
    page.call(place);
    page.now += 120_000;
    page.alert("arrival", OLE, place);
    expect(page.titles).toEqual(["Meet at the marked place"]);
  });

  test("is a hazard that one comes to, with a way to say that it is not there", () => {
    const hazard = page.add("hazard", 200);
    for (let second = 1; second <= 3; second += 1) {
      page.now += 1_000;
      const mine: Position = {
        participant: ADA,
        ...destination(HERE, second * 10, 0),
        speed: 10,
        heading: 0,
        fix_time: page.now,
      };
      page.state = { ...page.state, positions: new Map(page.state.positions).set(ADA, mine) };
      page.look();
    }
    expect(page.told.map(({ level, title, spoken }) => [level, title, spoken])).toEqual([
      ["forYou", "Hazard in 190 m", "Hazard in 190 m"],
    ]);
    page.told[0]?.action?.press();
    expect(page.asked).toEqual([["hazard:gone", { place: hazard }]]);
    expect(page.taken).toEqual([`hazard-${hazard}`]);
  });
});
