/** Places in words. */
import type { Point } from "../model/geo";
import { bearingBetween, distanceBetween } from "../model/geo";
import type { PlaceKind } from "../model/model";
import { compass, distance } from "../words/format";
import { say } from "../words/strings";

/** What is offered first, and what after "More". */
export const FIRST_KINDS = ["meet", "fuel", "food", "parking", "hazard"] as const satisfies readonly PlaceKind[];
export const MORE_KINDS = ["view", "camp", "note"] as const satisfies readonly PlaceKind[];
export const KINDS: readonly PlaceKind[] = [...FIRST_KINDS, ...MORE_KINDS];

export function kindWords(kind: PlaceKind): string {
  return say(`places.kind.${kind}`);
}

/** What a place is called: by its name, else by its kind. */
export function titleOf(place: { readonly kind: PlaceKind; readonly name?: string | null }): string {
  return place.name || kindWords(place.kind);
}

/** Kind and name in one: "Fuel: Shell". */
export function placeWords(place: { readonly kind: PlaceKind; readonly name?: string | null }): string {
  return place.name ? `${kindWords(place.kind)}: ${place.name}` : kindWords(place.kind);
}

/** How far it is, and in which direction; empty where it is not known from where. */
export function farWords(from: Point | null, place: Point): string {
  if (!from) return "";
  const metres = distanceBetween(from, place);
  return say("sos.away", { distance: distance(metres), direction: compass(bearingBetween(from, place)) });
}

/** Where a place opens in other programs: what the device has for it, then maps by their addresses. */
export function mapLinks({ lat, lon }: Point, name: string): readonly (readonly [label: string, address: string])[] {
  const at = `${lat.toFixed(6)},${lon.toFixed(6)}`;
  // The name stands in brackets.
  const label = encodeURIComponent(name).replace(/[()]/g, (one) => (one === "(" ? "%28" : "%29"));
  return [
    // The second pair is what Android's programs put a mark on.
    [say("places.app"), `geo:${at}?q=${at}(${label})`],
    ["Google Maps", `https://www.google.com/maps/dir/?api=1&destination=${encodeURIComponent(at)}`],
    ["Apple Maps", `https://maps.apple.com/?daddr=${encodeURIComponent(at)}`],
    [
      "OpenStreetMap",
      `https://www.openstreetmap.org/?mlat=${lat.toFixed(6)}&mlon=${lon.toFixed(6)}#map=17/${lat.toFixed(6)}/${lon.toFixed(6)}`,
    ],
  ];
}
