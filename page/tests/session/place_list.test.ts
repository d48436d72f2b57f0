import { describe, expect, test } from "vitest";
import type { Participant, Place } from "../../src/model/model";
import { byDistance, isKnown, mayChange } from "../../src/session/place_list";

function place(id: number, fields: Partial<Place> = {}): Place {
  const usual = { participant: 2, kind: "fuel", name: null, note: null, radius_m: null, at: 0, written: id } as const;
  return { place: id, lat: 60, lon: 25, ...usual, ...fields };
}

function person(id: number, fields: Partial<Participant> = {}): Participant {
  return { id, name: "A", initials: "A", color: "#e5484d", role: "member", sharing: true, joined_at: 1, ...fields };
}

describe("places", () => {
  test("the nearest comes first, and those at one distance in the order in which they were added", () => {
    const places = [place(4, { lat: 61 }), place(5, { lat: 60.1 }), place(7), place(6)];
    const ids = (from: { lat: number; lon: number } | null) => byDistance(places, from).map((one) => one.place);
    expect(ids({ lat: 60, lon: 25 })).toEqual([6, 7, 5, 4]);
    expect(ids(null)).toEqual([4, 5, 7, 6]);
  });

  test("its author and hosts may change one, and nobody else", () => {
    expect(mayChange(person(2), place(4))).toBe(true);
    expect(mayChange(person(3), place(4))).toBe(false);
    expect(mayChange(person(3, { role: "host" }), place(4))).toBe(true);
    expect(mayChange(person(2, { role: "viewer" }), place(4))).toBe(false);
    expect(mayChange(null, place(4))).toBe(false);
  });

  test("a place of the same kind and name within two metres is there already", () => {
    const places = [place(4, { name: "Mill" })];
    const mill = { lat: 60.00001, lon: 25, kind: "fuel", name: "Mill" };
    expect(isKnown(places, mill)).toBe(true);
    expect(isKnown(places, { ...mill, lat: 60.0001 })).toBe(false);
    expect(isKnown(places, { ...mill, kind: "food" })).toBe(false);
    expect(isKnown(places, { ...mill, name: null })).toBe(false);
  });
});
