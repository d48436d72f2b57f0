import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { destination, distanceBetween } from "../../src/model/geo";
import type { Fix, Place, PlaceKind } from "../../src/model/model";
import { follow, type Riding, UNMOVED } from "../../src/session/motion/riding";
import { type Person, type Scene, SENSITIVITIES } from "../../src/session/motion/scene";
import type { Board, Row } from "../../src/session/place_rules/board";
import { judgePlaces, NO_PLACES_JUDGED, type PlaceFindings } from "../../src/session/place_rules/judging";
import { followPresence, NOT_SEEN } from "../../src/session/place_rules/presence";
import type { ToldOfPlaces } from "../../src/session/place_rules/roll_call";
import type { Call } from "../../src/session/place_rules/scene";
import { keepRecent, whereOneWas } from "../../src/session/place_rules/where_one_was";
import { AT, isWithin, personAt, type Rider, type Spans, START, seconds, spans } from "./rides";

interface Where {
  readonly name: string;
  readonly fixes: readonly (readonly [second: number, north: number, accuracy?: number])[];
  readonly now: number;
  readonly north: number | null;
}

interface Stay extends Rider {
  readonly name: string;
  readonly radius?: number;
  readonly here: Spans;
}

/** So many metres north and east of the start. */
interface Spot {
  readonly place: number;
  readonly kind: PlaceKind;
  readonly at: number;
  readonly east?: number;
  readonly radius?: number | undefined;
  readonly by?: number;
  readonly from?: number;
  readonly ticked?: readonly (readonly [at: number, participant: number])[];
}

interface Story {
  readonly name: string;
  readonly me: number;
  readonly until: number;
  readonly people: readonly Rider[];
  readonly places: readonly Spot[];
  readonly calls: readonly (readonly [at: number, place: number | null, by: number])[];
  readonly offline?: Spans;
  readonly told?: readonly (readonly [at: number, kind: ToldOfPlaces, participant: number | null])[];
  readonly deaf?: boolean;
  readonly then: readonly (readonly [at: number, what: string])[];
  readonly boards?: readonly (readonly [at: number, board: string])[];
}

const vectors: { readonly where: Where[]; readonly presence: Stay[]; readonly judged: Story[] } = JSON.parse(
  readFileSync(new URL("../../../tests/vectors/place_rules.json", import.meta.url), "utf8"),
);
const MET_AT = 900;

function placeAt(spot: Spot, second: number): Place {
  const north = destination(START, Math.abs(spot.at), spot.at < 0 ? 180 : 0);
  return {
    place: spot.place,
    participant: spot.by ?? 1,
    kind: spot.kind,
    ...destination(north, spot.east ?? 0, 90),
    name: null,
    note: null,
    radius_m: spot.radius ?? null,
    at: AT + (spot.from ?? 0) * 1_000,
    written: spot.place,
    ticked: (spot.ticked ?? []).filter(([at]) => at <= second).map(([, who]) => who),
  };
}

/** A session that answers one client: it repeats what is raised, and does what follows, unless it is deaf. */
class Gathering {
  private readonly gone = new Set<number>();
  private readonly alerts: Scene["alerts"][number][] = [];
  private met: Spot | null = null;
  private call: Call | null = null;
  private isEnded = false;

  constructor(private readonly story: Story) {}

  /** What the client finds, by second, and the boards that were asked for. */
  happens() {
    const { me, until, offline, boards = [] } = this.story;
    const riders = new Map(this.story.people.map((one) => [one.id, seconds(one)]));
    const newest = new Map<number, Fix>();
    const found: [number, string][] = [];
    const shown: [number, string][] = [];
    let people = new Map<number, Person>();
    let [memory, riding]: [typeof NO_PLACES_JUDGED, Riding] = [NO_PLACES_JUDGED, UNMOVED];
    for (let second = 0; second < until; second += 1) {
      const now = AT + second * 1_000;
      const truth = new Map<number, Person>();
      for (const rider of this.story.people) {
        const { fix = null, isConnected = false } = riders.get(rider.id)?.[second] ?? {};
        if (fix) newest.set(rider.id, fix);
        const isEnded = this.isEnded && rider.id === me;
        truth.set(rider.id, personAt(rider, second, newest.get(rider.id) ?? null, isConnected, isEnded));
      }
      const isListening = !isWithin(offline, second);
      const mine = truth.get(me) as Person;
      people = isListening || people.size === 0 ? truth : new Map(people).set(me, mine);
      this.tell(second, now);
      const sensitivity = SENSITIVITIES.normal;
      const scene = { now, me, people, isListening, alerts: [...this.alerts], sensitivity };
      const { last } = riding;
      if (mine.fix) riding = follow(riding, mine.fix);
      const places = { people: scene, places: this.placesAt(second), call: this.call };
      const look = judgePlaces(memory, places, riding, last);
      memory = look.memory;
      for (const what of this.answer(look.findings, second, now)) found.push([second, what]);
      const { board } = memory.rollCall;
      if (board && boards.some(([at]) => at === second)) shown.push([second, words(board, now)]);
    }
    return { found, shown };
  }

  private placesAt(second: number): Place[] {
    const known = [...this.story.places, ...(this.met ? [this.met] : [])];
    return known
      .filter(({ from = 0, place }) => from <= second && !this.gone.has(place))
      .map((one) => placeAt(one, second));
  }

  private tell(second: number, now: number): void {
    for (const [at, place, by] of this.story.calls) if (at === second) this.call = { place, by, at: now };
    for (const [at, kind, who] of this.story.told ?? []) if (at === second) this.raise(kind, who, 5, now);
  }

  private raise(kind: ToldOfPlaces, participant: number | null, place: number, at: number): void {
    this.alerts.push({ kind, participant, place, at });
    if (kind === "all_here") this.call = null;
    if (kind === "hazard_gone") this.gone.add(place);
  }

  private answer({ alerts, endsStatus, stop, hazards }: PlaceFindings, second: number, now: number): string[] {
    const { deaf = false, me } = this.story;
    const found: string[] = [];
    for (const [kind, who, place] of alerts) {
      found.push(kind === "all_here" ? kind : `${kind} ${who ?? place}`);
      if (!deaf) this.raise(kind, who, place, now);
    }
    if (endsStatus) {
      found.push("ended");
      this.isEnded = !deaf;
    }
    if (stop) {
      const metres = Math.round(distanceBetween(START, stop));
      found.push(`stop ${metres}`);
      if (!deaf) {
        this.met = { place: MET_AT, kind: "meet", at: metres, from: second };
        this.call = { place: MET_AT, by: me, at: now };
      }
    }
    return [...found, ...hazards.map((hazard) => `ahead ${hazard}`)];
  }
}

function words({ here, awaited, rows }: Board, now: number): string {
  return `${here}/${awaited}: ${rows.map((row) => rowWords(row, now)).join(", ")}`;
}

function rowWords({ participant, standing, minutes, heardAt }: Row, now: number): string {
  const said = `${participant} ${standing}`;
  if (standing === "coming") return `${said} ${minutes ?? "?"}`;
  return standing === "no_news" ? `${said} ${Math.floor((now - (heardAt ?? 0)) / 60_000)}` : said;
}

describe("where one was", () => {
  test.each(vectors.where)("$name", ({ fixes, now, north }) => {
    const kept = fixes.reduce<readonly Fix[]>((before, [second, metres, accuracy]) => {
      const fix = { ...destination(START, metres, 0), fix_time: AT + second * 1_000 };
      return keepRecent(before, accuracy === undefined ? fix : { ...fix, accuracy });
    }, []);
    const there = whereOneWas(kept, AT + now * 1_000);
    expect(there === null).toBe(north === null);
    if (there && north !== null) expect(distanceBetween(there, destination(START, north, 0))).toBeLessThan(0.1);
  });
});

describe("who is there", () => {
  test.each(vectors.presence)("$name", ({ radius, here, ...rider }) => {
    const place = placeAt({ place: 5, kind: "meet", at: 0, radius }, 0);
    let presence = NOT_SEEN;
    const seen = seconds(rider).map(({ fix }) => {
      if (fix) presence = followPresence(presence, fix, place);
      return presence.isHere;
    });
    expect(spans(seen)).toEqual(here);
  });
});

describe("what a client finds", () => {
  test.each(vectors.judged)("$name", (story) => {
    const { found, shown } = new Gathering(story).happens();
    expect(found).toEqual(story.then);
    expect(shown).toEqual(story.boards ?? []);
  });
});
