/**
 * Which notice stands in the one place that there is for them. Pure.
 *
 * What follows from the state stands as long as it is true. What happened stands for a while; of it, news that are merely
 * good to know are gathered, and bounded: they can be found in the lists as well.
 */
import type { Key } from "../words/strings";
import type { IconName } from "./icons";

/** In the order of what comes first. An answer is one to the reader's own tap. */
export type Level = "sos" | "answer" | "forYou" | "regroup" | "goodToKnow" | "advice";

export interface Notice {
  /** The same name is the same notice. */
  readonly name: string;
  readonly level: Level;
  readonly title: string;
  readonly help?: string;
  /** A warning sign where it is left out. */
  readonly icon?: IconName | "spinner";
  readonly action?: { readonly label: string; press(): void };
  /** What puts it away: "Close" where it is left out, null for a notice that goes by itself alone. */
  readonly shutLabel?: Key | null;
}

export interface Happened extends Notice {
  /** How long it stands. */
  readonly lastsMs?: number;
}

const RANKS: Readonly<Record<Level, number>> = { sos: 0, answer: 1, forYou: 2, regroup: 3, goodToKnow: 4, advice: 5 };
const FOR_YOU_LASTS_MS = 60_000;
const NEWS_LAST_MS = 10_000;
/** News wait for others for so long. */
const GATHERED_MS = 30_000;
/** News that are older are none. */
const OLD_MS = 5 * 60_000;
/** So many banners of news come soon after each other; after that one each eight minutes: nine in an hour at most. */
const RESERVE = 2;
const BANNER_EACH_MS = 8 * 60_000;

interface Told {
  readonly notice: Notice;
  readonly until: number;
}

export class NoticeSlot {
  private told: readonly Told[] = [];
  private gathered: readonly { readonly notice: Notice; readonly at: number }[] = [];
  private reserve: { readonly left: number; readonly at: number } = { left: RESERVE, at: 0 };
  /** Which notice the reader turned to, and which there were then. */
  private turned: { readonly to: string; readonly known: ReadonlySet<string> } | null = null;

  /** Something happened, at a time in milliseconds. */
  tell(notice: Happened, now: number): void {
    this.untell(notice.name);
    if (notice.level === "goodToKnow") {
      this.gathered = [...this.gathered, { notice, at: now }];
      return;
    }
    const lasts = notice.lastsMs ?? (notice.level === "sos" ? Number.POSITIVE_INFINITY : FOR_YOU_LASTS_MS);
    this.told = [...this.told, { notice, until: now + lasts }];
  }

  untell(name: string): void {
    this.told = this.told.filter(({ notice }) => notice.name !== name);
    this.gathered = this.gathered.filter(({ notice }) => notice.name !== name);
  }

  /**
   * What is shown now, and how many notices wait behind it.
   *
   * @param standing - The notices that follow from the state.
   */
  look(standing: readonly Notice[], now: number): { readonly shown: Notice | null; readonly more: number } {
    this.told = this.told.filter(({ until }) => now < until);
    this.publish(now);
    const all = this.all(standing);
    const { turned } = this;
    const isTurned = turned !== null && all.some(({ name }) => name === turned.to);
    const place = isTurned ? all.findIndex(({ name }) => name === turned.to) : 0;
    // What came since and matters more is shown in its place.
    const isOvertaken = isTurned && all.slice(0, place).some(({ name }) => !turned.known.has(name));
    if (!isTurned || isOvertaken) this.turned = null;
    const shown = (isOvertaken ? all[0] : all[place]) ?? null;
    return { shown, more: Math.max(0, all.length - 1) };
  }

  /** Shows the next of those that there are. */
  turn(standing: readonly Notice[], now: number): void {
    const { shown } = this.look(standing, now);
    const all = this.all(standing);
    const next = all[(all.findIndex(({ name }) => name === shown?.name) + 1) % all.length];
    if (next) this.turned = { to: next.name, known: new Set(all.map(({ name }) => name)) };
  }

  private all(standing: readonly Notice[]): Notice[] {
    const told = this.told.map(({ notice }) => notice);
    return [...told, ...standing].sort((a, b) => RANKS[a.level] - RANKS[b.level]);
  }

  /** Makes one banner of the news that were gathered, where one is allowed. */
  private publish(now: number): void {
    this.gathered = this.gathered.filter(({ at }) => now - at < OLD_MS);
    const [first] = this.gathered;
    if (!first || now - first.at < GATHERED_MS) return;
    const left = Math.min(RESERVE, this.reserve.left + (now - this.reserve.at) / BANNER_EACH_MS);
    if (left < 1) return;
    this.reserve = { left: left - 1, at: now };
    const title = this.gathered.map(({ notice }) => notice.title).join(" · ");
    this.gathered = [];
    this.told = [...this.told, { notice: { ...first.notice, name: "news", title }, until: now + NEWS_LAST_MS }];
  }
}
