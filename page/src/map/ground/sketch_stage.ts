/**
 * Paper to draw people on before the map library is there, and where a browser cannot run it: rings of known radius, a
 * grid that stays put, and nothing that has to be fetched.
 */

import type { Theme } from "../../device/theme";
import type { Point } from "../../model/geo";
import { distance } from "../../words/format";
import { say } from "../../words/strings";
import { metreGrid, rangeRings, ringStep } from "./range_rings";
import type { Stage, StageEvents } from "./stage";
import { type Camera, fromScreen, metresPerPixel, type Projected, type Size, toScreen, ZOOMS, zoomAbout } from "./view";

const GRID = { light: "#dfe2d9", dark: "#1f282b" };
const RING = { light: "#7b8a8c", dark: "#71868d" };
const WHEEL_PX_PER_ZOOM = 300;
/** A press of an arrow key moves the picture by so much, as on streets. */
const KEY_PX = 100;
const KEYS: Readonly<Record<string, readonly [x: number, y: number]>> = {
  ArrowLeft: [-KEY_PX, 0],
  ArrowRight: [KEY_PX, 0],
  ArrowUp: [0, -KEY_PX],
  ArrowDown: [0, KEY_PX],
};

export class SketchStage implements Stage {
  readonly overlay = document.createElement("div");
  private readonly canvas = document.createElement("canvas");
  private view: Camera = { center: { lat: 30, lon: 10 }, zoom: 1.2, bearing: 0 };
  private ringCenter: Point | null = null;
  private bounds: Size;
  private frame: number | null = null;
  /** What touches it now, as it last was. */
  private readonly fingers = new Map<number, PointerEvent>();
  private readonly resizing = new ResizeObserver(() => this.resize());

  constructor(
    private readonly container: HTMLElement,
    private theme: Theme,
    private readonly events: StageEvents,
  ) {
    this.overlay.className = "sketch";
    this.overlay.append(this.canvas);
    container.append(this.overlay);
    this.bounds = { width: container.clientWidth, height: container.clientHeight };
    this.resizing.observe(container);
    this.giveToHand();
  }

  camera(): Camera {
    return this.view;
  }

  size(): Size {
    return this.bounds;
  }

  moveTo(camera: Camera, duration: number): void {
    if (this.frame !== null) cancelAnimationFrame(this.frame);
    this.frame = null;
    const from = this.view;
    const start = performance.now();
    const step = (now: number) => {
      const part = duration === 0 ? 1 : Math.min(1, Math.max(0, (now - start) / duration));
      const eased = 1 - (1 - part) ** 3;
      this.view = part === 1 ? camera : between(from, camera, eased);
      this.frame = part === 1 ? null : requestAnimationFrame(step);
      this.draw();
      this.events.onCamera();
      if (part === 1) this.events.onRest();
    };
    if (duration === 0) step(start);
    else this.frame = requestAnimationFrame(step);
  }

  setRingCenter(point: Point | null): void {
    this.ringCenter = point;
    this.draw();
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    this.draw();
  }

  remove(): void {
    if (this.frame !== null) cancelAnimationFrame(this.frame);
    this.resizing.disconnect();
    this.overlay.remove();
  }

  private resize(): void {
    const { clientWidth: width, clientHeight: height } = this.container;
    this.bounds = { width, height };
    this.canvas.width = width * devicePixelRatio;
    this.canvas.height = height * devicePixelRatio;
    this.draw();
    this.events.onCamera();
    this.events.onRest();
  }

  private draw(): void {
    const context = this.canvas.getContext("2d");
    if (!context) return;
    const { width, height } = this.bounds;
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    context.clearRect(0, 0, width, height);
    const corners = [0, width].flatMap((x) => [0, height].map((y) => fromScreen(this.view, { x, y }, this.bounds)));
    const step = ringStep(metresPerPixel(this.view.center.lat, this.view.zoom));
    if (step === null) return;
    const [lats, lons] = [corners.map(({ lat }) => lat), corners.map(({ lon }) => lon)];
    const box = {
      south: Math.min(...lats),
      north: Math.max(...lats),
      west: Math.min(...lons),
      east: Math.max(...lons),
    };
    context.strokeStyle = GRID[this.theme];
    for (const line of metreGrid(box, step)) this.path(context, line);
    // A metre grows towards a pole: by the scale of the picture's middle, a ring there could be a million pixels wide.
    const rings = this.ringCenter && ringStep(metresPerPixel(this.ringCenter.lat, this.view.zoom));
    if (!this.ringCenter || !rings) return;
    context.strokeStyle = RING[this.theme];
    context.fillStyle = RING[this.theme];
    context.setLineDash([3, 4]);
    context.font = "600 13px Barlow, system-ui, sans-serif";
    context.textAlign = "center";
    for (const ring of rangeRings(this.ringCenter, rings)) {
      this.path(context, ring.outline);
      const { x, y } = toScreen(this.view, ring.label, this.bounds);
      context.fillText(distance(ring.radius), x, y - 5);
    }
    context.setLineDash([]);
  }

  private path(context: CanvasRenderingContext2D, line: readonly [number, number][]): void {
    context.beginPath();
    for (const [lon, lat] of line) {
      const { x, y } = toScreen(this.view, { lat, lon }, this.bounds);
      context.lineTo(x, y);
    }
    context.stroke();
  }

  private giveToHand(): void {
    const { overlay, fingers } = this;
    overlay.addEventListener("pointerdown", (event) => fingers.set(event.pointerId, event));
    for (const end of ["pointerup", "pointercancel", "pointerleave"] as const) {
      overlay.addEventListener(end, (event) => fingers.delete(event.pointerId));
    }
    overlay.addEventListener("pointermove", (event) => {
      const before = fingers.get(event.pointerId);
      if (!before || event.buttons !== 1) return;
      const other = [...fingers.values()].find(({ pointerId }) => pointerId !== event.pointerId);
      fingers.set(event.pointerId, event);
      if (other) this.zoomBy(Math.log2(apart(event, other) / apart(before, other)), middle(before, other));
      // Of two fingers each moves the picture by half of its own way.
      this.shift((before.clientX - event.clientX) / fingers.size, (before.clientY - event.clientY) / fingers.size);
    });
    overlay.tabIndex = 0;
    overlay.role = "group";
    overlay.ariaLabel = say("session.mapLabel");
    overlay.addEventListener("keydown", (event) => {
      const way = event.target === overlay ? KEYS[event.key] : undefined;
      if (!way) return;
      event.preventDefault();
      this.shift(...way);
    });
    overlay.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        this.zoomBy(-event.deltaY / WHEEL_PX_PER_ZOOM, { x: event.clientX, y: event.clientY });
      },
      { passive: false },
    );
  }

  private shift(x: number, y: number): void {
    const { width, height } = this.bounds;
    const middle = { x: width / 2 + x, y: height / 2 + y };
    this.events.onTouch();
    this.moveTo({ ...this.view, center: fromScreen(this.view, middle, this.bounds) }, 0);
  }

  /** @param at - What stands there, in the window, stays. */
  private zoomBy(levels: number, at: Projected): void {
    const zoom = Math.min(ZOOMS[1], Math.max(ZOOMS[0], this.view.zoom + levels));
    const { left, top } = this.overlay.getBoundingClientRect();
    this.events.onTouch();
    this.moveTo(zoomAbout(this.view, zoom, { x: at.x - left, y: at.y - top }, this.bounds), 0);
  }
}

/** Never 0, which nothing can be divided by. */
function apart(a: PointerEvent, b: PointerEvent): number {
  return Math.max(1, Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY));
}

function middle(a: PointerEvent, b: PointerEvent): Projected {
  return { x: (a.clientX + b.clientX) / 2, y: (a.clientY + b.clientY) / 2 };
}

function between(from: Camera, to: Camera, part: number): Camera {
  const mix = (a: number, b: number) => a + (b - a) * part;
  const short = (a: number, b: number) => a + (((b - a + 540) % 360) - 180) * part;
  return {
    center: { lat: mix(from.center.lat, to.center.lat), lon: short(from.center.lon, to.center.lon) },
    zoom: mix(from.zoom, to.zoom),
    bearing: short(from.bearing, to.bearing),
  };
}
