/** Where the camera stands so that everybody is on the screen; pure, in Web Mercator at 512 px a tile. */
import type { Point } from "../../model/geo";

export interface Camera {
  readonly center: Point;
  readonly zoom: number;
  /** The direction that is up, in degrees clockwise from north. */
  readonly bearing: number;
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
const MIN_ZOOM = 0;
/** The share of the free space left empty around the group, so that it can move before the camera must. */
const COMFORT = 0.14;
/** Nearer to what is covered than this share of the shorter side, somebody counts as leaving the picture. */
const EDGE = 0.03;
/** In less than this a group cannot be shown: a camera that tried would show half the country instead. */
const LEAST_ROOM_PX = 160;

/** A place on the screen, or on the projected globe. */
export interface Projected {
  readonly x: number;
  readonly y: number;
}

/**
 * The padding to fit people into: what is given, or less of it where panels leave too little room. People may then stand
 * beneath a panel.
 */
export function roomyPadding(size: Size, padding: Padding): Padding {
  const [left, right] = shorten(padding.left, padding.right, size.width);
  const [top, bottom] = shorten(padding.top, padding.bottom, size.height);
  return left === padding.left && top === padding.top ? padding : { top, right, bottom, left };
}

/** Two sides of a length, in their proportion, with room between them. */
function shorten(before: number, after: number, length: number): [number, number] {
  const most = Math.max(0, length - LEAST_ROOM_PX);
  const part = Math.min(1, most / Math.max(before + after, 1e-9));
  return [before * part, after * part];
}

/** The camera that shows all points inside the padding, which must leave room; null without points. */
export function fitCamera(points: readonly Point[], size: Size, padding: Padding, bearing = 0): Camera | null {
  const box = bounds(points, bearing);
  if (!box) return null;
  const width = (size.width - padding.left - padding.right) * (1 - 2 * COMFORT);
  const height = (size.height - padding.top - padding.bottom) * (1 - 2 * COMFORT);
  const scale = Math.min(width / Math.max(box.right - box.left, 1e-12), height / Math.max(box.bottom - box.top, 1e-12));
  const zoom = Math.max(MIN_ZOOM, Math.min(MAX_FIT_ZOOM, Math.log2(scale / TILE_PX)));
  const middle = turn({ x: (box.left + box.right) / 2, y: (box.top + box.bottom) / 2 }, bearing);
  return centeredOn({ x: box.origin.x + middle.x, y: box.origin.y + middle.y }, zoom, padding, bearing);
}

/** The camera that puts one point into the middle of what the panels leave free. */
export function centerCamera(point: Point, zoom: number, padding: Padding, bearing = 0): Camera {
  return centeredOn(project(point), zoom, padding, bearing);
}

/** Whether a point is in the part of the picture that no panel covers. */
export function isInside(camera: Camera, point: Point, size: Size, padding: Padding): boolean {
  const at = toScreen(camera, point, size);
  const edge = EDGE * Math.min(size.width, size.height);
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
  const offset = turn({ x: wrap(at.x - center.x), y: at.y - center.y }, -camera.bearing);
  return { x: size.width / 2 + offset.x * scale, y: size.height / 2 + offset.y * scale };
}

/** The point that stands at a place on the screen: the other way round. */
export function fromScreen(camera: Camera, at: Projected, size: Size): Point {
  const scale = TILE_PX * 2 ** camera.zoom;
  const center = project(camera.center);
  const { x, y } = turn({ x: (at.x - size.width / 2) / scale, y: (at.y - size.height / 2) / scale }, camera.bearing);
  return unproject({ x: center.x + x, y: center.y + y });
}

/** The camera at another zoom, under which the point at a place on the screen stays there. */
export function zoomAbout(camera: Camera, zoom: number, at: Projected, size: Size): Camera {
  const zoomed = { ...camera, zoom };
  const { x, y } = toScreen(zoomed, fromScreen(camera, at, size), size);
  return {
    ...zoomed,
    center: fromScreen(zoomed, { x: size.width / 2 + x - at.x, y: size.height / 2 + y - at.y }, size),
  };
}

export interface Tile {
  readonly z: number;
  readonly x: number;
  readonly y: number;
}

/** The tiles of one zoom that a picture shows, at most 16: from farther away one does not wait for them. */
export function tilesIn(camera: Camera, size: Size, z: number): Tile[] {
  const across = 2 ** z;
  const corners = [0, size.width].flatMap((x) => [0, size.height].map((y) => fromScreen(camera, { x, y }, size)));
  const [xs, ys] = [corners.map((at) => project(at).x * across), corners.map((at) => project(at).y * across)];
  const tiles: Tile[] = [];
  for (let x = Math.floor(Math.min(...xs)); x <= Math.max(...xs); x++) {
    for (let y = Math.floor(Math.min(...ys)); y <= Math.max(...ys); y++) tiles.push({ z, x, y });
  }
  return tiles.length > 16 ? [] : tiles;
}

/** The farthest and the closest that anybody looks from, on every stage. */
export const ZOOMS = [1, 19] as const;

/** How many CSS pixels the whole world is wide. */
export function worldWidth(zoom: number): number {
  return TILE_PX * 2 ** zoom;
}

/** Metres that one CSS pixel covers at a latitude. */
export function metresPerPixel(lat: number, zoom: number): number {
  return (40_075_016.686 * Math.cos((lat * Math.PI) / 180)) / (TILE_PX * 2 ** zoom);
}

function centeredOn(middle: Projected, zoom: number, padding: Padding, bearing: number): Camera {
  const scale = TILE_PX * 2 ** zoom;
  const aside = { x: (padding.right - padding.left) / 2 / scale, y: (padding.bottom - padding.top) / 2 / scale };
  const { x, y } = turn(aside, bearing);
  return { center: unproject({ x: middle.x + x, y: Math.max(0, Math.min(1, middle.y + y)) }), zoom, bearing };
}

/** Turns an offset clockwise by degrees: from the screen to the map by the camera's bearing, and back by its negative. */
function turn({ x, y }: Projected, degrees: number): Projected {
  const angle = (degrees * Math.PI) / 180;
  const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
  return { x: x * cos - y * sin, y: x * sin + y * cos };
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  /** What the sides are relative to. */
  readonly origin: Projected;
}

/** The smallest box around points, as one sees it with a direction up. */
function bounds(points: readonly Point[], bearing: number): Box | null {
  const places = points.map(project);
  const [first] = places;
  if (!first) return null;
  const origin = { x: westernmost(places), y: first.y };
  const seen = places.map(({ x, y }) => turn({ x: eastwards(origin.x, x), y: y - origin.y }, -bearing));
  const [xs, ys] = [seen.map(({ x }) => x), seen.map(({ y }) => y)];
  return { left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys), origin };
}

/** Where the shortest stretch around the globe begins that holds all places: a group across the antimeridian is a small one. */
function westernmost(places: readonly Projected[]): number {
  const xs = places.map(({ x }) => x).sort((a, b) => a - b);
  const gaps = xs.map((x, index) => eastwards(xs.at(index - 1) ?? x, x));
  return xs[gaps.indexOf(Math.max(...gaps))] ?? 0;
}

/** How far one comes going east from one place of the globe to another, as a share of the way round. */
function eastwards(from: number, to: number): number {
  return (to - from + 1) % 1;
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
