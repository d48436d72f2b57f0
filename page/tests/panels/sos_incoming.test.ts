import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { SosFlow } from "../../src/panels/sos_flow";
import { incomingAlarms } from "../../src/panels/sos_incoming";
import type { SessionView } from "../../src/panels/ui";
import { reduce, type SessionState } from "../../src/session/session_state";
import { textOf } from "./drawn";

const AT = 1_790_000_000_000;
const [ADA, HUGO] = [1, 2];

beforeAll(() => vi.stubGlobal("navigator", { languages: ["en-GB"] }));
afterAll(() => vi.unstubAllGlobals());

function person(id: number, name: string) {
  return { id, name, initials: name[0] ?? "", color: "#e5484d", role: "member", sharing: true, joined_at: 0 } as const;
}

/** Ada's page, on which Hugo's alarm arrives and is alarmed again. */
class Page {
  readonly spoken: string[] = [];
  readonly flow: SosFlow;
  readonly view: SessionView;
  private readonly listeners: (() => void)[] = [];
  private state: SessionState;

  constructor() {
    const session = { id: "abcdefghij", name: "Ride", created_at: 0, expires_at: AT * 2, time_asked_by: null };
    const snapshot = { session, participants: [person(ADA, "Ada"), person(HUGO, "Hugo")] };
    const reply = { offset: 2, server_time: AT, me: ADA, positions: [], snapshot };
    this.state = reduce(null, { type: "joined", reply }) as SessionState;
    const page = this;
    this.view = {
      live: {
        sessionId: session.id,
        get state() {
          return page.state;
        },
        get me() {
          return page.state.participants.get(ADA);
        },
        now: () => AT,
        waiting: [],
        unmet: [],
        newestFix: null,
        subscribe: (listener: () => void) => this.listeners.push(listener),
        hear: () => undefined,
      },
      speak: (words: string, urgency: string) => this.spoken.push(`${urgency}: ${words}`),
      tell: () => undefined,
      untell: () => undefined,
      redraw: () => undefined,
    } as unknown as SessionView;
    this.flow = new SosFlow(this.view);
  }

  hear(type: string, data: object): void {
    const event = { offset: this.state.offset + 1, at: AT, by: HUGO, op_id: null, type, data };
    this.state = reduce(this.state, { type: "event", event } as never) as SessionState;
    for (const listener of this.listeners) listener();
  }

  get text(): string {
    return textOf(incomingAlarms(this.view, this.flow, this.flow.incoming));
  }
}

test("an alarm of somebody else stands until it is put aside, and comes again at both stages", () => {
  const page = new Page();
  const times = { at: AT, again_at: AT + 60_000, call_at: AT + 120_000 };
  const raised = { participant: HUGO, by: HUGO, kind: "injured", lat: null, lon: null, ...times, replaces: null };
  page.hear("sos_raised", raised);
  expect(page.text).toContain("Hugo needs help Injured");
  expect(page.text).not.toContain("Nobody has answered");
  const [sos] = page.flow.incoming;
  if (!sos) throw new Error("it is open");
  page.flow.putAside(sos);
  expect(page.flow.incoming).toEqual([]);

  page.hear("sos_escalated", { sos: sos.sos, stage: 1 });
  expect(page.text).toContain("Hugo needs help Injured");
  expect(page.text).not.toContain("Nobody has answered");

  page.hear("sos_escalated", { sos: sos.sos, stage: 2 });
  expect(page.text).toContain("Nobody has answered: call 112");
  expect(page.spoken).toEqual([
    "sos: SOS: Hugo, Injured",
    "sos: SOS: Hugo, Injured",
    "sos: SOS: Hugo, Injured. Nobody has answered: call 112",
  ]);
});
