/** The session: a full map, with everything else laid over its edges. */
import { html, nothing, render, type TemplateResult } from "lit-html";
import { RateGate } from "../device/rate_gate";
import { onThemeChange, theme } from "../device/theme";
import type { StreetParts } from "../map/ground/map_library";
import type { Streets } from "../map/ground/streets";
import { type Follow, LiveMap } from "../map/live_map";
import type { MapPerson } from "../map/people/avatars";
import type { Position, Signal } from "../model/model";
import type { Refusal } from "../net/waits";
import { dock } from "../panels/dock";
import { Handlebar } from "../panels/handlebar";
import { icons } from "../panels/icons";
import { MotionNews } from "../panels/motion_news";
import type { Happened, Notice } from "../panels/notice_slot";
import { isLost, noticeSlot } from "../panels/notices";
import {
  Late,
  type MenuModule,
  menu,
  type PlacesModule,
  parts,
  places,
  type RollCallModule,
  rollCall,
  type SosModule,
  type TalkModule,
} from "../panels/parts";
import { peoplePanel } from "../panels/people";
import { isAboutPlaces, pinButton } from "../panels/pin_button";
import { sharePanel } from "../panels/share";
import type { Urgency } from "../panels/speech_queue";
import { badges } from "../panels/statuses";
import { stopQuestion } from "../panels/stop_question";
import { topBar } from "../panels/top_bar";
import type { PanelName, SessionView } from "../panels/ui";
import type { LiveSession } from "../session/live_session";
import { type Heard, news, statements } from "../session/news";
import { isRecent, isStale } from "../session/staleness";
import { age } from "../words/format";
import { say } from "../words/strings";
import { padMap } from "./map_padding";
import { NoticeBoard } from "./notice_board";

const TICK_MS = 1_000;
const REDRAW_MS = 250;
const STATEMENT_SHOWN_MS = 10_000;
/** Then everybody is on the map, and what will be wanted without a network is fetched. */
const LATE_PARTS_MS = 4_000;
/** The panels lie beside the map, and not over it: the same as in the styles. */
const WIDE = matchMedia("(min-width: 760px), (min-width: 560px) and (max-height: 520px)");
/** There is room for the list of people at first sight. */
const ROOMY = matchMedia("(min-width: 760px) and (min-height: 521px)");

export class SessionPage implements SessionView {
  panel: PanelName | null;
  selected: number | null = null;
  map: LiveMap | null = null;
  private follow: Follow = "everyone";
  readonly handlebar = new Handlebar(() => {
    this.map?.setHeadingUp(this.isHeadingUp || this.handlebar.isOn);
    this.map?.setLarge(this.handlebar.isOn);
    this.redraw();
  });
  private isHeadingUp = false;
  private readonly motionNews = new MotionNews();
  private readonly board = new NoticeBoard(this, () =>
    this.focus(this.board.look().shown ? ".notice button" : "[data-opens=people]"),
  );
  private readonly menu = new Late<MenuModule>(menu, () => this.redraw());
  private readonly talk = new Late<TalkModule>(parts.talk, () => this.redraw());
  private readonly sos = new Late<SosModule>(parts.sos, () => this.redraw());
  private readonly roll = new Late<RollCallModule>(rollCall, () => this.redraw());
  private readonly places = new Late<PlacesModule>(places, () => this.redraw());
  private heard: Heard = { state: null, isLost: false, isSharing: false, left: Number.POSITIVE_INFINITY };
  private announcement = "";
  /** What the reader did last, in words: it is no news to them. */
  private done = "";
  private readonly ticking: ReturnType<typeof setInterval>;
  /** Positions may come ten times a second; the eye needs the list and the map's targets less often. Each is a frame. */
  private readonly redraws = new RateGate<true>(REDRAW_MS, () => this.redraw());
  private readonly resizing = new ResizeObserver(() => this.measure());
  private measured: readonly Element[] = [];

  /**
   * @param root - Where the page is drawn; it must be empty.
   * @param streets - What is to lie beneath the people, as soon as it is found.
   * @param streetParts - What draws it, as soon as it has come.
   * @param isNew - The session was made just now, so that inviting is what comes next.
   */
  constructor(
    private readonly root: HTMLElement,
    readonly live: LiveSession,
    streets: Promise<Streets>,
    streetParts: Promise<StreetParts>,
    isNew: boolean,
    private readonly onEnding: () => void,
  ) {
    this.panel = isNew ? "share" : ROOMY.matches ? "people" : null;
    live.subscribe(() => this.liveChanged());
    this.ticking = setInterval(() => this.redraws.offer(true), TICK_MS);
    this.redraw();
    onThemeChange((now) => this.map?.setTheme(now));
    void this.drawMap(streets, streetParts);
    setTimeout(() => this.fetchLateParts(), LATE_PARTS_MS);
    addEventListener("pagehide", () => this.board.actNow());
  }

  openPanel(panel: PanelName | null): void {
    const before = this.panel;
    this.panel = panel ?? (ROOMY.matches && before !== "people" ? "people" : null);
    if (this.panel === "talk") this.fetchTalk();
    if (this.panel === "menu") this.fetch(this.menu);
    if (isAboutPlaces(this.panel)) this.fetch(this.places);
    this.redraw();
    // Inviting is opened among people, who are not there any more where there is no room.
    const back = before === "share" && !this.panel ? "people" : isAboutPlaces(before) ? "pin" : before;
    if (panel) this.focus(".panel-title");
    else this.focus(`[data-opens="${back}"]`);
  }

  select(participant: number): void {
    this.selected = this.selected === participant ? null : participant;
    if (this.selected !== null) {
      this.panel = "people";
      this.map?.show(participant);
    }
    this.redraw();
  }

  show(participant: number): void {
    if (!WIDE.matches) this.panel = null;
    this.map?.show(participant);
    this.redraw();
    this.focus("[data-opens=people]");
  }

  openPlace(place: number | null): void {
    this.fetch(this.places, (module) => module.openPlaces(this, place));
  }

  markHazard(): void {
    this.fetch(this.places, (module) => module.markHazard(this));
  }

  get isUpMyWay(): boolean {
    return this.isHeadingUp;
  }

  turnMap(isUpMyWay: boolean): void {
    this.isHeadingUp = isUpMyWay;
    this.map?.setHeadingUp(isUpMyWay);
    this.redraw();
  }

  giveSignal(signal: Signal): void {
    this.fetch(this.talk, (talk) => talk.giveSignal(this, signal));
  }

  fetchTalk(): void {
    this.fetch(this.talk);
  }

  gridOfSignals(done: () => void): TemplateResult | typeof nothing {
    return this.talk.now?.gridOfSignals(this, done) ?? nothing;
  }

  rollCall(): TemplateResult | typeof nothing {
    return this.roll.now?.rollCall(this) ?? nothing;
  }

  regroupStrip(): Notice | null {
    return this.roll.now?.regroupStrip(this) ?? null;
  }

  pressSos(): void {
    this.fetch(this.sos, (sos) => sos.pressed(this));
  }

  speak(words: string, urgency: Urgency): void {
    this.handlebar.voice.speak(words, urgency);
  }

  tell(notice: Happened & { readonly spoken?: string }): void {
    this.spread(notice);
    this.redraw();
  }

  untell(notice: string): void {
    this.board.untell(notice);
    this.redraw();
  }

  undoable(title: string, undo: () => void): void {
    this.board.undoable(title, undo);
    this.announcement = this.done = title;
    this.redraw();
  }

  soon(title: string, act: () => void): void {
    this.board.soon(title, act);
    this.announcement = this.done = title;
    this.redraw();
  }

  explainLocation(): void {
    this.board.openAgain("location");
    this.live.retryLocation();
    this.redraw();
  }

  isShut(notice: string): boolean {
    return this.board.isShut(notice);
  }

  shut(notice: string): void {
    this.board.shut(notice);
    this.redraw();
  }

  redraw(): void {
    if (this.live.ending) return;
    this.listen();
    const people = this.mapPeople();
    this.handlebar.look(people, this.live.now());
    render(this.template(people), this.root);
    this.places.now?.lookAtPlaces(this);
    this.map?.setPeople(people, this.live.now());
    this.watchSizes();
  }

  attempt(work: () => Promise<unknown>, forbidden: string = say("menu.failed")): void {
    work().catch((error: Partial<Refusal>) => {
      if (error.reason === "withdrawn") return; // by the person
      this.board.fail(error.reason === "forbidden" ? forbidden : refusalText(error));
      this.redraw();
    });
  }

  /** Tells those who see, who hear, and who have it read to them. */
  private spread({ spoken, ...notice }: Happened & { readonly spoken?: string }): void {
    this.board.tell(notice);
    this.announcement = spoken ?? notice.title;
    const { level } = notice;
    if (spoken) this.speak(spoken, level === "sos" || level === "answer" || level === "forYou" ? level : "news");
  }

  /** Puts into words what happened since the last look, for those who do not see it. */
  private listen(): void {
    const { live } = this;
    const expiresAt = live.state?.session.expires_at ?? Number.POSITIVE_INFINITY;
    const now: Heard = {
      state: live.state,
      isLost: isLost(this),
      isSharing: live.isSharing && live.locationState === "on",
      left: expiresAt - live.now(),
    };
    const sentences = news(this.heard, now);
    for (const { about, words, isForMe } of statements(this.heard.state, now.state)) {
      if (words === this.done) continue;
      this.spread({
        name: about,
        level: isForMe ? "forYou" : "goodToKnow",
        title: words,
        icon: "people",
        lastsMs: STATEMENT_SHOWN_MS,
        spoken: words,
      });
    }
    this.heard = now;
    this.motionNews.look(this);
    this.roll.now?.lookAtRollCall(this);
    if (sentences.length > 0) this.announcement = `${sentences.join(". ")}.`;
  }

  private liveChanged(): void {
    if (!this.live.ending) {
      this.redraws.offer(true);
      return;
    }
    this.redraws.clear();
    clearInterval(this.ticking);
    this.board.actNow();
    this.resizing.disconnect();
    this.onEnding();
  }

  private template(people: readonly MapPerson[]): TemplateResult {
    return html`<main
      class="stage ${this.handlebar.isOn ? "is-handlebar" : ""}"
      @keydown=${(event: KeyboardEvent) => this.keyPressed(event)}
    >
      <div class="map" role="region" aria-label=${say("session.mapLabel")}></div>
      <div class="rail">
        ${topBar(this)}
        ${this.handlebar.isOn ? nothing : noticeSlot(this.board.look())}
        <div class="panel-place">${this.panel ? this.panelCard(this.panel) : nothing}</div>
        ${dock(this)}
      </div>
      ${this.mapActions()} ${this.handlebar.isOn ? this.handlebar.template(this, people, noticeSlot(this.board.look())) : nothing}
      ${stopQuestion(this)}
      <p class="visually-hidden" role="status">${this.announcement}</p>
      ${this.sosScreen()}
    </main>`;
  }

  private keyPressed(event: KeyboardEvent): void {
    if (event.key === "Escape" && this.panel !== null && !event.defaultPrevented) this.openPanel(null);
  }

  private sosScreen(): TemplateResult | typeof nothing {
    if (!parts.sos) return nothing;
    if (!this.sos.now && parts.sos.isWanted(this)) this.fetch(this.sos);
    return this.sos.now?.sosScreen(this) ?? nothing;
  }

  /** Fetches a part, and says so where that does not work. */
  private fetch<Module>(part: Late<Module>, then: (module: Module) => void = () => undefined): void {
    this.attempt(async () => then(await part.get()));
  }

  private fetchLateParts(): void {
    for (const part of [this.sos, this.talk, this.roll, this.places, this.menu]) void part.get().catch(() => undefined);
    this.live.judgeMotion();
  }

  private focus(selector: string): void {
    this.root.querySelector<HTMLElement>(selector)?.focus({ preventScroll: true });
  }

  private panelCard(panel: PanelName): TemplateResult {
    const titles = {
      people: say("people.title"),
      share: say("share.title"),
      menu: say("menu.title"),
      talk: say("talk.title"),
      pin: say("places.pin"),
      places: this.places.now?.placesTitle(this) ?? say("places.title"),
    };
    const bodies = {
      people: peoplePanel,
      share: sharePanel,
      menu: () => this.menu.now?.menuPanel(this),
      talk: () => this.talk.now?.talkPanel(this),
      pin: () => this.places.now?.pinPanel(this),
      places: () => this.places.now?.placesPanel(this),
    };
    return html`<section class="panel" data-panel=${panel} aria-labelledby="panel-title">
      <header class="panel-head">
        <h2 id="panel-title" class="panel-title" tabindex="-1">${titles[panel]}</h2>
        <button class="icon-button" aria-label=${say("session.close")} @click=${() => this.openPanel(null)}>${icons.close}</button>
      </header>
      <div class="panel-body">${bodies[panel](this)}</div>
    </section>`;
  }

  private mapActions(): TemplateResult {
    const hasMe = this.live.state?.positions.has(this.live.state.me) ?? false;
    return html`<div class="map-actions">
      ${
        this.map && this.follow !== "everyone"
          ? html`<button class="pill" @click=${() => this.showEveryone()}>${icons.everyone} ${say("map.showEveryone")}</button>`
          : nothing
      }
      <div class="zoom">
        <button class="round" aria-label=${say("map.zoomIn")} @click=${() => this.map?.zoomBy(1)}>${icons.plus}</button>
        <button class="round" aria-label=${say("map.zoomOut")} @click=${() => this.map?.zoomBy(-1)}>${icons.minus}</button>
      </div>
      <button
        class="round ${this.follow === "me" ? "is-active" : ""}"
        aria-label=${say("map.centerOnMe")}
        title=${say("map.centerOnMe")}
        ?disabled=${!this.map || !hasMe}
        @click=${() => this.map?.centerOnMe()}
      >
        ${icons.center}
      </button>
      ${pinButton(this)}
    </div>`;
  }

  private showEveryone(): void {
    this.selected = null;
    this.map?.showEveryone();
    this.redraw();
  }

  /** People are on paper at once; streets come beneath them when the map library is there. */
  private async drawMap(found: Promise<Streets>, parts: Promise<StreetParts>): Promise<void> {
    const container = this.root.querySelector<HTMLElement>(".map");
    if (!container) return;
    this.map = new LiveMap(container, theme(), {
      onFollow: (follow) => {
        this.follow = follow;
        this.redraw();
      },
      onSelect: (participant) => this.select(participant),
    });
    this.redraw();
    // Without WebGL, or without the library, the paper stays: it shows who is where as well.
    await this.map.loadStreets(found, parts).catch(() => undefined);
  }

  private mapPeople(): MapPerson[] {
    const { state } = this.live;
    if (!state) return [];
    const now = this.live.now();
    // Where nobody's position is recent, as after a reload without a network, the last ones known hold the camera.
    const isAnyRecent = [...state.positions.values()].some((position) => isRecent(position, now));
    return [...state.positions.values()].flatMap((position) => {
      const person = state.participants.get(position.participant);
      if (!person) return [];
      const stale = isStale(position, now);
      return [
        {
          ...person,
          point: { lat: position.lat, lon: position.lon },
          fixTime: position.fix_time,
          accuracy: position.accuracy ?? null,
          heading: headingOf(position),
          speed: position.speed ?? null,
          isMe: person.id === state.me,
          isStale: stale,
          isSelected: person.id === this.selected,
          badges: badges(person),
          note: stale ? age(now - position.fix_time) : "",
          isInPicture: !isAnyRecent || isRecent(position, now),
        },
      ];
    });
  }

  /** Measures when something that covers the map comes, goes or changes its size: to ask more often costs a layout each. */
  private watchSizes(): void {
    const parts = [...this.root.querySelectorAll(".stage, .top, .notices, .panel, .dock, .handlebar-people")];
    if (parts.length === this.measured.length && parts.every((part, index) => part === this.measured[index])) return;
    this.measured = parts;
    this.resizing.disconnect();
    for (const part of parts) this.resizing.observe(part);
  }

  /** Tells the map what the panels cover, so that everybody is fitted into what is left. */
  private measure(): void {
    const padding = padMap(this.root, WIDE.matches);
    if (padding) this.map?.setPadding(padding);
  }
}

/** A refusal in the reader's language; the server's own words are English. */
function refusalText({ errors }: Partial<Refusal>): string {
  switch (errors?.[0]?.pointer) {
    case "/extend_s":
      return say("menu.longest");
    case "/name":
      return say("people.nameWrong");
    default:
      return say("menu.failed");
  }
}

/** A heading means something while moving; a receiver at rest makes one up. */
function headingOf(position: Position): number | null {
  if (position.heading === undefined) return null;
  return position.speed !== undefined && position.speed < 0.5 ? null : position.heading;
}
