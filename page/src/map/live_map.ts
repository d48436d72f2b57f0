/** The live map: people on a stage, and a camera that keeps in the picture what it follows. */

import { motion, type Pace } from "../device/motion";
import type { Theme } from "../device/theme";
import type { Point } from "../model/geo";
import { mapConfiguration } from "./ground/map_configuration";
import type { StreetParts } from "./ground/map_library";
import { SketchStage } from "./ground/sketch_stage";
import type { Stage, StageEvents } from "./ground/stage";
import { fetchWorker } from "./ground/street_worker";
import { fetchTiles, findStreets, type Streets } from "./ground/streets";
import { type Camera, centerCamera, type Padding, roomyPadding, toScreen, ZOOMS } from "./ground/view";
import type { MapPerson } from "./people/avatars";
import { PeopleLayer, type Picture } from "./people/people_layer";
import type { Underlay } from "./people/underlay";
import { headingUp, type Sighting, steer, UNSTEERED } from "./steering";

/** What the camera keeps in the picture by itself; `free` after a touch. */
export type Follow = "everyone" | "me" | "person" | "free";

export interface MapEvents {
  onFollow(follow: Follow): void;
  onSelect(participant: number): void;
}

/** A camera that has not moved for so long rests, though a finger may still hold it. */
const HELD_MS = 150;
/** A crowd is arranged no more often: it costs the browser more than all the rest. */
const CROWD_ARRANGED_MS = 1_000;
const EASE_MS = 900;
const ZOOM_MS = 250;
const CLOSE_ZOOM = 15;
/** A person who is followed may move so far from the middle before the camera moves. */
const FOLLOW_SLACK_PX = 28;

export class LiveMap {
  private stage: Stage;
  private readonly layer: PeopleLayer;
  private readonly still = matchMedia("(prefers-reduced-motion: reduce)");
  private padding: Padding = { top: 0, right: 0, bottom: 0, left: 0 };
  private follow: Follow = "everyone";
  private followed: number | null = null;
  private steering = UNSTEERED;
  private isHeadingUp = false;
  private bearing = 0;
  /** The server's clock at the last news, in milliseconds. */
  private now = 0;
  /** Set while the camera moves. */
  private resting: ReturnType<typeof setTimeout> | null = null;
  private arrival: ReturnType<typeof setTimeout> | null = null;
  private movedUntil = 0;
  private arrangedAt = Number.NEGATIVE_INFINITY;
  private underlay: Underlay | null = null;
  private markPeopled: () => void = () => undefined;
  /** Resolves once there is somebody to look at. */
  private readonly peopled = new Promise<void>((resolve) => {
    this.markPeopled = resolve;
  });
  private readonly stageEvents: StageEvents = {
    onCamera: () => this.cameraMoved(),
    onRest: () => this.cameraRests(),
    onTouch: () => this.setFollow("free"),
  };

  constructor(
    private readonly container: HTMLElement,
    private theme: Theme,
    private readonly events: MapEvents,
  ) {
    this.layer = new PeopleLayer((participant) => events.onSelect(participant));
    this.stage = new SketchStage(container, theme, this.stageEvents);
    this.stage.overlay.append(this.layer.element);
    new ResizeObserver(() => this.refit()).observe(container);
  }

  /**
   * Puts streets beneath the people.
   *
   * @param found - The streets, which are being looked for.
   * @param parts - What draws them, which is on its way.
   * @throws Error where that does not arrive, or the browser cannot draw with WebGL; the sketch stays.
   */
  async loadStreets(found: Promise<Streets>, parts: Promise<StreetParts>): Promise<void> {
    // What the library will need comes before or beside it.
    const { theme } = this;
    void Promise.all([found, this.peopled])
      .then(([streets]) => fetchTiles(streets, this.stage.camera(), this.stage.size()))
      .catch(() => undefined);
    if (!mapConfiguration().style) fetchWorker();
    const { StreetStage, library } = await parts;
    let isUsable = true;
    // Without graphics people are on a sketch again; afterwards streets are made again, as everything is by then.
    const onGraphics = (areThere: boolean) => {
      isUsable = false;
      if (this.stage === streets) this.take(new SketchStage(this.container, this.theme, this.stageEvents));
      if (!areThere) return;
      streets.remove();
      if (!this.container.isConnected) return;
      const again = findStreets(mapConfiguration(), this.theme, new AbortController().signal);
      void this.loadStreets(again, parts).catch(() => undefined);
    };
    const events = { ...this.stageEvents, onGraphics };
    const streets = new StreetStage(library, this.container, theme, events, () => this.stage.camera(), found);
    await streets.drawn;
    if (!isUsable) return;
    const sketch = this.stage;
    this.take(streets);
    sketch.remove();
  }

  /** Has people stand on another stage, where the camera stands as well. */
  private take(stage: Stage): void {
    stage.moveTo(this.stage.camera(), 0);
    this.stage = stage;
    stage.setTheme(this.theme);
    stage.overlay.append(this.layer.element);
    stage.setRingCenter(this.layer.me()?.point ?? null);
    this.refit();
    this.cameraRests();
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    this.stage.setTheme(theme);
  }

  /**
   * Shows these people and no others.
   *
   * @param serverNow - The server's clock, in milliseconds: positions are judged by it.
   */
  setPeople(people: readonly MapPerson[], serverNow: number): void {
    this.now = serverNow;
    this.layer.setPeople(people, performance.now(), this.pace());
    this.stage.setRingCenter(this.layer.me()?.point ?? null);
    this.turn();
    this.keepInPicture();
    if (people.length > 0) this.markPeopled();
    if (!this.layer.isCrowd || performance.now() - this.arrangedAt >= CROWD_ARRANGED_MS) this.arrange();
    if (this.resting === null) this.send();
    else this.layer.draw(this.picture(), performance.now());
  }

  /** What panels cover, in CSS pixels. */
  setPadding(padding: Padding): void {
    const sides = ["top", "right", "bottom", "left"] as const;
    if (sides.every((side) => Math.abs(padding[side] - this.padding[side]) < 2)) return;
    this.padding = padding;
    this.refit();
  }

  showEveryone(): void {
    this.setFollow("everyone");
    this.fit({ isWanted: true });
  }

  centerOnMe(): void {
    const me = this.layer.me();
    if (me) this.goTo(me.id, "me");
  }

  /** Brings one person into the middle, and follows until the camera is given back. */
  show(participant: number): void {
    if (this.layer.person(participant)) this.goTo(participant, "person");
  }

  zoomBy(levels: number): void {
    if (this.follow === "everyone") this.setFollow("free");
    const { center, zoom, bearing } = this.stage.camera();
    const wanted = Math.min(ZOOMS[1], Math.max(ZOOMS[0], Math.round(zoom + levels)));
    this.moveTo({ center, zoom: wanted, bearing }, ZOOM_MS);
  }

  /** Lays something beneath people. */
  lay(underlay: Underlay): void {
    this.underlay = underlay;
    this.layer.element.prepend(underlay.element);
    this.arrange();
  }

  /** Brings a point into the middle, and leaves the camera there. */
  lookAt(point: Point): void {
    this.hold();
    const padding = roomyPadding(this.stage.size(), this.padding);
    this.moveTo(centerCamera(point, Math.max(this.stage.camera().zoom, CLOSE_ZOOM), padding, this.bearing), EASE_MS);
  }

  /** Follows nobody, so that the picture stays. */
  hold(): void {
    this.setFollow("free");
  }

  /** Draws people larger, to be read from a metre away. */
  setLarge(on: boolean): void {
    this.layer.setLarge(on);
    this.arrange();
  }

  /** Keeps the way one rides up, or north. */
  setHeadingUp(on: boolean): void {
    if (on === this.isHeadingUp) return;
    this.isHeadingUp = on;
    if (!this.turn()) this.refit();
  }

  /** Turns the picture to the way of travel where that is wanted; says whether it turned. */
  private turn(): boolean {
    const me = this.layer.me();
    const up = this.isHeadingUp && me ? headingUp(this.bearing, me.heading ?? undefined, me.speed ?? undefined) : null;
    const bearing = this.isHeadingUp ? (up ?? this.bearing) : 0;
    if (bearing === this.bearing) return false;
    this.bearing = bearing;
    this.refit();
    return true;
  }

  private goTo(participant: number, follow: Follow): void {
    this.followed = participant;
    this.setFollow(follow);
    this.center(Math.max(this.stage.camera().zoom, CLOSE_ZOOM), EASE_MS);
  }

  private setFollow(follow: Follow): void {
    if (follow === this.follow) return;
    this.follow = follow;
    this.events.onFollow(follow);
  }

  private keepInPicture(): void {
    // Fixes are weighed no matter who has the camera, so that it is known whom to believe when the map gets it back.
    this.fit({});
    if (this.follow === "me" || this.follow === "person") this.keepCentered();
  }

  /** The picture has another size, direction or frame around it. */
  private refit(): void {
    if (this.follow === "everyone") this.fit({ isReframed: true });
    else if (this.follow === "free") this.moveTo({ ...this.stage.camera(), bearing: this.bearing }, EASE_MS);
    else this.center(this.stage.camera().zoom, EASE_MS);
  }

  private fit({ isWanted = false, isReframed = false }): void {
    const { size, padding } = this.picture();
    const people = this.sightings();
    const scene = { now: this.now, people, size, padding, bearing: this.bearing, isWanted, isReframed };
    const { steering, move } = steer(this.steering, scene);
    this.steering = steering;
    if (move && this.follow === "everyone") this.moveTo(move.camera, move.isEased ? EASE_MS : 0);
  }

  private keepCentered(): void {
    const person = this.followed === null ? null : this.layer.person(this.followed);
    if (!person || performance.now() < this.movedUntil) return;
    const { camera, size, padding } = this.picture();
    const wanted = centerCamera(person.point, camera.zoom, roomyPadding(size, padding), this.bearing);
    const at = toScreen(camera, wanted.center, size);
    const off = Math.hypot(at.x - size.width / 2, at.y - size.height / 2);
    if (off > FOLLOW_SLACK_PX) this.moveTo(wanted, EASE_MS);
  }

  private center(zoom: number, duration: number): void {
    const person = this.followed === null ? null : this.layer.person(this.followed);
    const padding = roomyPadding(this.stage.size(), this.padding);
    if (person) this.moveTo(centerCamera(person.point, zoom, padding, this.bearing), duration);
  }

  private moveTo(camera: Camera, duration: number): void {
    const lasts = this.still.matches ? 0 : duration;
    this.movedUntil = performance.now() + lasts;
    this.stage.moveTo(camera, lasts);
  }

  private sightings(): Sighting[] {
    const people = this.layer.people();
    const wanted = people.filter((person) => person.isInPicture);
    return (wanted.length > 0 ? wanted : people).map(({ id, point, fixTime, accuracy }) => ({
      id,
      ...point,
      fix_time: fixTime,
      ...(accuracy !== null && { accuracy }),
    }));
  }

  private picture(): Picture {
    return { camera: this.stage.camera(), size: this.stage.size(), padding: this.padding };
  }

  private cameraMoved(): void {
    const picture = this.picture();
    this.layer.draw(picture, performance.now());
    this.underlay?.draw(picture);
    if (this.resting !== null) clearTimeout(this.resting);
    this.resting = setTimeout(() => this.cameraRests(), HELD_MS);
  }

  private cameraRests(): void {
    if (this.resting !== null) clearTimeout(this.resting);
    this.resting = null;
    this.layer.draw(this.picture(), performance.now());
    this.arrange();
    this.send();
  }

  private arrange(): void {
    this.arrangedAt = performance.now();
    const picture = this.picture();
    this.layer.arrange(picture, performance.now(), this.pace());
    this.underlay?.arrange(picture, this.layer.covered);
  }

  /** While the camera rests the browser moves people by itself: see decision 0020. */
  private send(): void {
    const lasts = this.layer.send(this.picture(), performance.now(), this.pace());
    if (this.arrival !== null) clearTimeout(this.arrival);
    this.arrival = lasts > 0 ? setTimeout(() => this.arrange(), lasts) : null;
  }

  private pace(): Pace {
    return this.still.matches || document.visibilityState === "hidden" ? "still" : motion();
  }
}
