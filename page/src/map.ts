/** The live map: people on MapLibre, and a camera that keeps them in the picture. Loaded after the shell. */
import "maplibre-gl/dist/maplibre-gl.css";
import { AttributionControl, type GeoJSONSource, Map as GlMap, Marker, ScaleControl, setWorkerUrl } from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import { Avatar, type MapPerson } from "./avatars";
import { distance } from "./format";
import type { Point } from "./geo";
import { GroundLoader } from "./ground";
import { Glide } from "./interpolation";
import { placeLabels, type Side } from "./label_layout";
import { GRID_SOURCE, linesFeature, RINGS_SOURCE, ringFeature } from "./map_styles";
import { metreGrid, rangeRings, ringStep } from "./range_rings";
import { spread } from "./spread";
import { type Sighting, steer, UNSTEERED } from "./steering";
import type { Theme } from "./theme";
import { type Camera, centerCamera, metresPerPixel, type Padding, type Size } from "./view";

setWorkerUrl(workerUrl);

/** What the camera keeps in the picture by itself; `free` after a touch. */
export type Follow = "everyone" | "me" | "free";

export interface MapEvents {
  onFollow(follow: Follow): void;
  onSelect(participant: number): void;
}

/** Twenty frames a second look smooth for avatars, and spare the battery. */
const FRAME_MS = 50;
const EASE_MS = 900;
const CLOSE_ZOOM = 15;
const FOLLOW_SLACK_PX = 28;

interface Placed {
  readonly avatar: Avatar;
  readonly marker: Marker;
  readonly glide: Glide;
  person: MapPerson;
}

export class LiveMap {
  private readonly map: GlMap;
  private readonly placed = new Map<number, Placed>();
  private readonly ringLabels: Marker[] = [];
  private readonly ground: GroundLoader;
  private readonly still = matchMedia("(prefers-reduced-motion: reduce)");
  private padding: Padding = { top: 0, right: 0, bottom: 0, left: 0 };
  private follow: Follow = "everyone";
  private steering = UNSTEERED;
  /** The server's clock at the last news, in milliseconds. */
  private now = 0;
  private frame: number | null = null;
  private lastFrameAt = 0;
  private drawnRings = "";
  private sides = new Map<number, Side>();

  /** @throws Error where the browser cannot draw with WebGL. */
  constructor(
    container: HTMLElement,
    theme: Theme,
    private readonly events: MapEvents,
  ) {
    this.map = new GlMap({
      container,
      style: { version: 8, sources: {}, layers: [] },
      center: [10, 30],
      zoom: 1.2,
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      maxZoom: 19,
      fadeDuration: 150,
      trackResize: true,
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.keyboard.disableRotation();
    this.map.addControl(new ScaleControl({ maxWidth: 96, unit: "metric" }), "bottom-left");
    this.map.addControl(new AttributionControl({ compact: true }), "bottom-right");
    this.ground = new GroundLoader(this.map, theme, () => {
      this.drawGrid();
      this.drawRings();
    });
    this.giveCameraToTouch();
    this.map.on("moveend", () => {
      this.drawGrid();
      this.drawRings();
      this.arrange();
    });
    this.map.on("resize", () => this.follow === "everyone" && this.fit(true));
  }

  setTheme(theme: Theme): void {
    this.ground.setTheme(theme);
  }

  /**
   * Shows these people and no others.
   *
   * @param serverNow - The server's clock, in milliseconds: positions are judged by it.
   */
  setPeople(people: readonly MapPerson[], serverNow: number): void {
    this.now = serverNow;
    const now = performance.now();
    const gone = new Set(this.placed.keys());
    for (const person of people) {
      gone.delete(person.id);
      const placed = this.placed.get(person.id) ?? this.place(person, now);
      placed.person = person;
      placed.avatar.show(person);
      placed.glide.moveTo(person.point, now, this.still.matches || document.visibilityState === "hidden");
    }
    for (const id of gone) {
      this.placed.get(id)?.marker.remove();
      this.placed.delete(id);
    }
    this.keepInPicture();
    this.drawRings();
    this.arrange();
    this.animate();
  }

  /** What panels cover, in CSS pixels. */
  setPadding(padding: Padding): void {
    const sides = ["top", "right", "bottom", "left"] as const;
    if (sides.every((side) => Math.abs(padding[side] - this.padding[side]) < 2)) return;
    this.padding = padding;
    if (this.follow === "everyone") this.fit(true);
    else this.keepInPicture();
  }

  showEveryone(): void {
    this.setFollow("everyone");
    this.fit(true);
  }

  centerOnMe(): void {
    const me = this.me();
    if (!me) return;
    this.setFollow("me");
    this.moveTo(centerCamera(me, Math.max(this.map.getZoom(), CLOSE_ZOOM), this.padding), true);
  }

  /** Brings one person into the middle, and stays there until the camera is given back. */
  show(participant: number): void {
    const placed = this.placed.get(participant);
    if (!placed) return;
    this.setFollow("free");
    this.moveTo(centerCamera(placed.person.point, Math.max(this.map.getZoom(), CLOSE_ZOOM), this.padding), true);
  }

  zoomBy(levels: number): void {
    this.setFollow("free");
    this.map.easeTo({ zoom: this.map.getZoom() + levels, duration: this.still.matches ? 0 : 250 });
  }

  /** Whoever moves the map has the camera. */
  private giveCameraToTouch(): void {
    const touched = () => this.setFollow("free");
    this.map.on("dragstart", touched);
    this.map.on("wheel", touched);
    this.map.on("dblclick", touched);
    this.map.on("boxzoomstart", touched);
    this.map.on("touchstart", (event) => {
      if (event.points.length > 1) touched();
    });
    this.map.getCanvas().addEventListener("keydown", (event) => {
      if (/^(Arrow.*|[-+=_])$/.test(event.key)) touched();
    });
  }

  private place(person: MapPerson, now: number): Placed {
    const avatar = new Avatar(() => this.events.onSelect(person.id));
    const marker = new Marker({ element: avatar.element, anchor: "center" }).setLngLat(person.point).addTo(this.map);
    const placed = { avatar, marker, glide: new Glide(person.point, now), person };
    this.placed.set(person.id, placed);
    return placed;
  }

  /** Draws while somebody is under way, and not a frame longer. */
  private animate(): void {
    if (this.frame !== null) return;
    const step = (now: number) => {
      this.frame = null;
      let isMoving = false;
      const isDue = now - this.lastFrameAt >= FRAME_MS;
      if (isDue) this.lastFrameAt = now;
      for (const { marker, glide } of this.placed.values()) {
        isMoving ||= glide.isMoving(now);
        if (isDue) marker.setLngLat(glide.at(now));
      }
      if (isMoving || !isDue) this.frame = requestAnimationFrame(step);
    };
    this.frame = requestAnimationFrame(step);
  }

  /** Moves avatars off one another, and gives every name a place where it covers nobody: the important ones first. */
  private arrange(): void {
    const rank = ({ person }: Placed) => (person.isSelected ? 0 : person.isMe ? 1 : person.isStale ? 3 : 2);
    const everyone = [...this.placed.values()].sort((a, b) => rank(a) - rank(b) || a.person.id - b.person.id);
    const spots = everyone.map(({ person }) => ({
      id: person.id,
      ...pixels(this.map.project(person.point)),
      isFixed: person.isMe,
    }));
    const offsets = spread(spots);
    const people = everyone.map(({ person, avatar }, index) => {
      const offset = offsets.get(person.id) ?? { x: 0, y: 0 };
      avatar.moveAside(offset);
      const spot = spots[index] ?? { x: 0, y: 0 };
      return { id: person.id, x: spot.x + offset.x, y: spot.y + offset.y, ...avatar.labelSize() };
    });
    this.sides = placeLabels(people, this.size(), this.sides);
    for (const [id, side] of this.sides) this.placed.get(id)?.avatar.placeLabel(side);
  }

  private setFollow(follow: Follow): void {
    if (follow === this.follow) return;
    this.follow = follow;
    this.events.onFollow(follow);
  }

  private keepInPicture(): void {
    if (this.follow === "everyone") this.fit(false);
    else if (this.follow === "me") this.followMe();
  }

  private fit(isWanted: boolean): void {
    const scene = { now: this.now, people: this.sightings(), size: this.size(), padding: this.padding, bearing: 0 };
    const { steering, move } = steer(this.steering, { ...scene, isWanted });
    this.steering = steering;
    if (move) this.moveTo(move.camera, move.isEased);
  }

  private followMe(): void {
    const me = this.me();
    if (!me || this.map.isMoving()) return;
    const target = centerCamera(me, this.map.getZoom(), this.padding);
    const at = this.map.project(target.center);
    const { width, height } = this.size();
    if (Math.hypot(at.x - width / 2, at.y - height / 2) > FOLLOW_SLACK_PX) this.moveTo(target, true);
  }

  private moveTo(camera: Camera, isEased: boolean): void {
    const target = { center: camera.center, zoom: camera.zoom };
    if (!isEased || this.still.matches) this.map.jumpTo(target);
    else this.map.easeTo({ ...target, duration: EASE_MS, essential: false });
  }

  private sightings(): Sighting[] {
    const people = [...this.placed.values()].map((placed) => placed.person);
    const wanted = people.filter((person) => person.isInPicture);
    return (wanted.length > 0 ? wanted : people).map(({ id, point, fixTime, accuracy }) => ({
      id,
      ...point,
      fix_time: fixTime,
      ...(accuracy !== null && { accuracy }),
    }));
  }

  private me(): Point | null {
    for (const { person } of this.placed.values()) if (person.isMe) return person.point;
    return null;
  }

  private size(): Size {
    const { clientWidth, clientHeight } = this.map.getContainer();
    return { width: clientWidth, height: clientHeight };
  }

  private drawRings(): void {
    const source = this.map.getSource<GeoJSONSource>(RINGS_SOURCE);
    const center = this.me();
    const step =
      source && center && !this.ground.hasStreetsAt(center)
        ? ringStep(metresPerPixel(center.lat, this.map.getZoom()))
        : null;
    const drawn = center && step ? `${center.lat} ${center.lon} ${step} ${this.ground.generation}` : "";
    if (drawn === this.drawnRings) return;
    this.drawnRings = drawn;
    const rings = center && step ? rangeRings(center, step) : [];
    source?.setData({ type: "FeatureCollection", features: rings.map((ring) => ringFeature(ring.outline)) });
    while (this.ringLabels.length > rings.length) this.ringLabels.pop()?.remove();
    for (const [index, ring] of rings.entries()) {
      const label = this.ringLabels[index] ?? this.addRingLabel(ring.label);
      label.getElement().textContent = distance(ring.radius);
      label.setLngLat(ring.label);
    }
  }

  /** Squares that stay put while people move over them: without streets nothing else shows motion. */
  private drawGrid(): void {
    const source = this.map.getSource<GeoJSONSource>(GRID_SOURCE);
    if (!source) return;
    const { lat, lng } = this.map.getCenter();
    const step = this.ground.hasStreetsAt({ lat, lon: lng }) ? null : ringStep(metresPerPixel(lat, this.map.getZoom()));
    const bounds = this.map.getBounds();
    const corners = {
      south: bounds.getSouth(),
      west: bounds.getWest(),
      north: bounds.getNorth(),
      east: bounds.getEast(),
    };
    source.setData(linesFeature(step === null ? [] : metreGrid(corners, step)));
  }

  private addRingLabel(at: Point): Marker {
    const element = document.createElement("span");
    element.className = "ring-label";
    element.setAttribute("aria-hidden", "true");
    const marker = new Marker({ element, anchor: "center" }).setLngLat(at).addTo(this.map);
    this.ringLabels.push(marker);
    return marker;
  }
}

function pixels({ x, y }: { x: number; y: number }): { x: number; y: number } {
  return { x, y };
}
