import { describe, expect, test } from "vitest";
import { destination } from "../../src/model/geo";
import type { Alert, Participant, Position, SessionEvent } from "../../src/model/model";
import { MotionNews } from "../../src/panels/motion_news";
import type { SessionView } from "../../src/panels/ui";
import { reduce, type SessionState } from "../../src/session/session_state";
import { Watch } from "../../src/session/watch";

type Told = Parameters<SessionView["tell"]>[0];

const AT = 1_790_000_000_000;
const START = { lat: 60.17, lon: 24.94 };
const [ADA, HUGO, OLE] = [1, 2, 3];
const session = { id: "abcdefghij", name: "Ride", created_at: 0, expires_at: AT * 2, time_asked_by: null };

function person(id: number, name: string, features: Participant["features"] = {}): Participant {
  const role = id === ADA ? "host" : "member";
  return { id, name, initials: name[0] ?? "", color: "#e5484d", role, sharing: true, joined_at: 0, features };
}

/** Ada's page, in a ride with Hugo, 900 m behind her, and Ole. */
class Page {
  readonly told: Told[] = [];
  readonly said: string[] = [];
  readonly shown: number[] = [];
  readonly asked: unknown[] = [];
  watch: Watch | null = new Watch();
  now = AT;
  state: SessionState;
  private news = new MotionNews();

  constructor(...posts: readonly (readonly [id: number, post: "lead" | "sweep"])[]) {
    const names = new Map([
      [ADA, "Ada"],
      [HUGO, "Hugo"],
      [OLE, "Ole"],
    ]);
    const held = new Map(posts);
    const participants = [...names].map(([id, name]) => {
      const post = held.get(id);
      return person(id, name, post && { post: { post } });
    });
    const positions: Position[] = [
      { participant: ADA, ...START, speed: 10, fix_time: AT },
      { participant: HUGO, ...destination(START, 900, 180), speed: 0, fix_time: AT },
    ];
    const reply = { offset: 9, server_time: AT, me: ADA, positions, snapshot: { session, participants } };
    this.state = reduce(null, { type: "joined", reply }) as SessionState;
    this.look();
  }

  /** The page is opened where a session has come to. */
  begin(state: SessionState): void {
    this.state = state;
    this.news = new MotionNews();
    this.look();
  }

  look(): void {
    const { watch, state } = this;
    this.news.look({
      live: {
        watch,
        state,
        now: () => this.now,
        ask: (name: string, fields: object) => Promise.resolve(this.asked.push([name, fields])),
      },
      attempt: (work: () => Promise<void>) => void work(),
      tell: (notice: Told) => this.told.push(notice),
      speak: (words: string) => this.said.push(words),
      show: (who: number) => this.shown.push(who),
    } as unknown as SessionView);
  }

  /** An alert is raised, as everybody hears of it. */
  hear(kind: Alert["kind"], participant: number): void {
    this.fold("alert_raised", { kind, participant, by: OLE, at: this.now });
  }

  /** Somebody answers the alert of an offset. */
  answer(alert: number, participant: number, answer: "going" | null): void {
    this.fold("alert_answered", { alert, participant, answer });
  }

  private fold(type: string, data: object): void {
    const event = { offset: this.state.offset + 1, at: this.now, by: OLE, op_id: null, type, data };
    this.state = reduce(this.state, { type: "event", event: event as SessionEvent }) as SessionState;
    this.look();
  }

  get titles(): string[] {
    return this.told.map(({ title }) => title);
  }
}

describe("what was judged of others", () => {
  test("is told once, shown and said, and leads to them on the map", () => {
    const page = new Page();
    page.hear("stopped", HUGO);
    page.look();
    expect(page.titles).toEqual(["Hugo stopped"]);
    expect(page.told[0]).toMatchObject({
      level: "forYou",
      spoken: "Hugo stopped",
      help: "No answer to the question whether all is OK.",
    });
    page.told[0]?.action?.press();
    expect(page.shown).toEqual([HUGO]);
    expect(page.asked).toEqual([["alert:answer", { alert: 10, answer: "going" }]]);
  });

  test("who goes to somebody who stopped is told in the place of the alert, and that they do not after all", () => {
    const page = new Page();
    page.hear("stopped", HUGO);
    page.answer(10, OLE, "going");
    page.look();
    page.answer(10, ADA, "going");
    page.answer(10, ADA, null);
    page.answer(10, OLE, null);
    expect(page.told.map(({ title, help, level }) => [title, help, level])).toEqual([
      ["Hugo stopped", "No answer to the question whether all is OK.", "forYou"],
      ["Ole goes to Hugo", undefined, "forYou"],
      ["You go to Hugo", "Ole goes to Hugo", "answer"],
      ["Ole goes to Hugo", undefined, "forYou"],
      ["Hugo stopped", "No answer to the question whether all is OK.", "forYou"],
    ]);
    expect(new Set(page.told.map(({ name }) => name))).toEqual(new Set([`stopped-${HUGO}`]));
  });

  test("who stopped hears who comes, and who does not after all", () => {
    const page = new Page();
    page.hear("stopped", ADA);
    page.answer(10, OLE, "going");
    page.answer(10, OLE, null);
    expect(page.told.map(({ title, spoken }) => [title, spoken])).toEqual([
      ["Ole comes to you", "Ole comes to you"],
      ["Ole does not come after all", "Ole does not come after all"],
    ]);
  });

  test("those who are not concerned hear nothing of it, nor does somebody who opens the page later", () => {
    const page = new Page([HUGO, "lead"]);
    page.hear("stopped", OLE);
    page.answer(10, HUGO, "going");
    expect(page.told).toEqual([]);
    page.begin(page.state);
    expect(page.told).toEqual([]);
  });

  test("says how far behind they are, and for how long there was no news", () => {
    const page = new Page();
    page.hear("straggler", HUGO);
    page.now = AT + 180_000;
    page.hear("no_news", HUGO);
    expect(page.told.map(({ title, help }) => [title, help])).toEqual([
      ["Hugo is behind", "900 m from you, straight."],
      ["No news of Hugo for 3 min", undefined],
    ]);
  });

  test("says no distance of somebody who is on no map", () => {
    const page = new Page();
    page.hear("straggler", OLE);
    expect(page.told.map(({ title, help }) => [title, help])).toEqual([["Ole is behind", undefined]]);
  });

  test("says where others fell silent too", () => {
    const page = new Page();
    page.watch = Object.assign(new Watch(), { isHole: () => true });
    page.hear("no_news", HUGO);
    expect(page.told[0]?.help).toBe("No coverage there, as for the others.");
  });

  test("is for those who lead and sweep, where there are any", () => {
    const follower = new Page([OLE, "sweep"]);
    follower.hear("stopped", HUGO);
    expect(follower.told).toEqual([]);
    const lead = new Page([ADA, "lead"], [OLE, "sweep"]);
    lead.hear("stopped", HUGO);
    expect(lead.titles).toEqual(["Hugo stopped"]);
  });

  test("is nothing that one hears about oneself", () => {
    const page = new Page([ADA, "lead"]);
    page.hear("stopped", ADA);
    expect(page.told).toEqual([]);
  });

  test("from before the page was opened is no news", () => {
    const before = new Page();
    before.hear("stopped", HUGO);
    expect(before.told).toHaveLength(1);
    const opened = new Page();
    opened.begin(before.state);
    expect(opened.told).toEqual([]);
    opened.hear("straggler", HUGO);
    expect(opened.titles).toEqual(["Hugo is behind"]);
  });

  test("waits for what judges it to be fetched", () => {
    const page = new Page();
    page.watch = null;
    page.hear("stopped", HUGO);
    expect(page.told).toEqual([]);
    page.watch = new Watch();
    page.look();
    expect(page.titles).toEqual(["Hugo stopped"]);
  });
});

test("who stopped is asked aloud, once", () => {
  const page = new Page();
  const { watch } = page;
  const ride = (second: number, metres: number, speed: number) => {
    const fix = { participant: ADA, ...destination(START, metres, 0), speed, fix_time: AT + second * 1_000 };
    const alone = {
      ...page.state,
      positions: new Map([[ADA, fix]]),
      participants: new Map([[ADA, person(ADA, "Ada")]]),
    };
    watch?.look(alone, AT + second * 1_000, true);
  };
  for (let second = 0; second <= 60; second += 1) ride(second, second * 10, 10);
  page.look();
  expect(page.said).toEqual([]);
  for (let second = 61; second <= 301; second += 1) ride(second, 600, 0);
  page.look();
  page.look();
  expect(page.said).toEqual(["You stopped. All OK?"]);
});
