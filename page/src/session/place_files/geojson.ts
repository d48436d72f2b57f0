/** The waypoints of a GeoJSON file, as RFC 7946 has it; see `waypoints.ts`. */
import type { Collected } from "./waypoints";

const LINES = ["LineString", "MultiLineString", "Polygon", "MultiPolygon"];
/** Deeper collections in collections are not read. */
const DEEPEST = 16;

type Json = Readonly<Record<string, unknown>>;

/** Adds what a file's text says. */
export function readGeoJson(text: string, collected: Collected): void {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    collected.leaveOut("unreadable");
    return;
  }
  const features = isObject(content) && content.type === "FeatureCollection" ? content.features : [content];
  if (!Array.isArray(features)) collected.leaveOut("unreadable");
  else for (const feature of features) readFeature(feature, collected);
}

function readFeature(feature: unknown, collected: Collected): void {
  if (!isObject(feature)) collected.leaveOut("unreadable");
  else if (feature.type !== "Feature") readGeometry(feature, {}, collected, 0);
  else if (feature.geometry == null) collected.leaveOut("no_position");
  else {
    const properties = isObject(feature.properties) ? feature.properties : {};
    readGeometry(feature.geometry, properties, collected, 0);
  }
}

function readGeometry(geometry: unknown, properties: Json, collected: Collected, depth: number): void {
  if (!isObject(geometry) || depth > DEEPEST) {
    collected.leaveOut("unreadable");
    return;
  }
  const { type, coordinates, geometries } = geometry;
  if (type === "Point") add(coordinates, properties, collected);
  else if (type === "MultiPoint" && Array.isArray(coordinates)) {
    if (coordinates.length === 0) collected.leaveOut("no_position");
    for (const position of coordinates) add(position, properties, collected);
  } else if (type === "GeometryCollection" && Array.isArray(geometries)) {
    if (geometries.length === 0) collected.leaveOut("no_position");
    for (const one of geometries) readGeometry(one, properties, collected, depth + 1);
  } else collected.leaveOut(typeof type === "string" && LINES.includes(type) ? "lines" : "unreadable");
}

function add(position: unknown, properties: Json, collected: Collected): void {
  const [lon, lat]: unknown[] = Array.isArray(position) ? position : [];
  const said = (key: string) => {
    const value = properties[key];
    return typeof value === "string" && value.trim() !== "" ? value : undefined;
  };
  collected.add({
    lat: typeof lat === "number" ? lat : undefined,
    lon: typeof lon === "number" ? lon : undefined,
    name: said("name"),
    note: said("desc") ?? said("description") ?? said("cmt") ?? said("note"),
    kinds: [said("kind"), said("type")],
  });
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
