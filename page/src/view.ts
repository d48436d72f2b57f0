/**
 * Where the camera stands so that everybody is on the screen: Web Mercator at 512 px a tile, north up.
 *
 * Hysteresis keeps the map calm: it moves when somebody is about to leave the picture, or when the group has drawn
 * together so far that it could be shown clearly larger; never because positions jitter.
 */
import type { Point } from "./geo";

export interface Camera {
  readonly center: Point;
  readonly zoom: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** What panels cover, in CSS pixels. */
export interface Padding {
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly left: number;
}

const TILE_PX = 512;
const MAX_LATITUDE = 85.051129;
const MAX_FIT_ZOOM = 16;
const MIN_ZOOM = 0.5;
/** The share of the free space left empty around the group, so that it can move before the camera must. */
const COMFORT = 0.14;
/** The group may shrink to this many zoom levels below the best fit before the camera comes closer. */
const ZOOM_SLACK = 0.9;

interface Projected {
  readonly x: number;
  readonly y: number;
}

/** The camera that shows all points inside the padding; null without points. */
export function fitCamera(points: readonly Point[], size: Size, padding: Padding): Camera | null {
  const box = bounds(points);
  if (!box) return null;
  const free = freeSpace(size, padding);
  const width = free.width * (1 - 2 * COMFORT);
  const height = free.height * (1 - 2 * COMFORT);
  const scale = Math.min(width / Math.max(box.right - box.left, 1e-12), height / Math.max(box.bottom - box.top, 1e-12));
  const zoom = Math.max(MIN_ZOOM, Math.min(MAX_FIT_ZOOM, Math.log2(scale / TILE_PX)));
  return centeredOn({ x: (box.left + box.right) / 2, y: (box.top + box.bottom) / 2 }, zoom, padding);
}

/** The camera that puts one point into the middle of what the panels leave free. */
export function centerCamera(point: Point, zoom: number, padding: Padding): Camera {
  return centeredOn(project(point), zoom, padding);
}

/** Whether a camera that shows the group by itself has to move. */
export function needsRefit(camera: Camera, points: readonly Point[], size: Size, padding: Padding): boolean {
  const best = fitCamera(points, size, padding);
  if (!best) return false;
  if (best.zoom - camera.zoom > ZOOM_SLACK) return true;
  return points.some((point) => !isInside(camera, point, size, padding));
}

/** Whether a point is in the part of the picture that no panel covers. */
export function isInside(camera: Camera, point: Point, size: Size, padding: Padding): boolean {
  const at = toScreen(camera, point, size);
  const edge = 0.03 * Math.min(size.width, size.height);
  return (
    at.x >= padding.left + edge &&
    at.x <= size.width - padding.right - edge &&
    at.y >= padding.top + edge &&
    at.y <= size.height - padding.bottom - edge
  );
}

/** Where a point stands on the screen, in CSS pixels from the top left. */
export function toScreen(camera: Camera, point: Point, size: Size): Projected {
  const scale = TILE_PX * 2 ** camera.zoom;
  const center = project(camera.center);
  const at = project(point);
  const dx = wrap(at.x - center.x);
  return { x: size.width / 2 + dx * scale, y: size.height / 2 + (at.y - center.y) * scale };
}

/** Metres that one CSS pixel covers at a latitude. */
export function metresPerPixel(lat: number, zoom: number): number {
  return (40_075_016.686 * Math.cos((lat * Math.PI) / 180)) / (TILE_PX * 2 ** zoom);
}

function centeredOn(middle: Projected, zoom: number, padding: Padding): Camera {
  const scale = TILE_PX * 2 ** zoom;
  const x = middle.x + (padding.right - padding.left) / 2 / scale;
  const y = middle.y + (padding.bottom - padding.top) / 2 / scale;
  return { center: unproject({ x, y: Math.max(0, Math.min(1, y)) }), zoom };
}

function freeSpace(size: Size, padding: Padding): Size {
  return {
    width: Math.max(40, size.width - padding.left - padding.right),
    height: Math.max(40, size.height - padding.top - padding.bottom),
  };
}

function bounds(points: readonly Point[]): { left: number; right: number; top: number; bottom: number } | null {
  const [first, ...rest] = points.map(project);
  if (!first) return null;
  let [left, right, top, bottom] = [first.x, first.x, first.y, first.y];
  for (const point of rest) {
    // Relative to the first: a group on both sides of the antimeridian is a small one.
    const x = first.x + wrap(point.x - first.x);
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, point.y);
    bottom = Math.max(bottom, point.y);
  }
  return { left, right, top, bottom };
}

function wrap(dx: number): number {
  return dx - Math.round(dx);
}

function project(point: Point): Projected {
  const lat = Math.max(-MAX_LATITUDE, Math.min(MAX_LATITUDE, point.lat));
  const sin = Math.sin((lat * Math.PI) / 180);
  return { x: point.lon / 360 + 0.5, y: 0.5 - Math.log((1 + sin) / (1 - sin)) / (4 * Math.PI) };
}

function unproject(at: Projected): Point {
  const x = at.x - Math.floor(at.x);
  const lat = (Math.atan(Math.sinh(Math.PI * (1 - 2 * at.y))) * 180) / Math.PI;
  return { lat, lon: x * 360 - 180 };
}
