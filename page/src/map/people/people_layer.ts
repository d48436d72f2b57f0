/** Everybody over a stage: avatars that glide from fix to fix, and arrows at the edge for who is beyond the picture. */

import { course, type Pace } from "../../device/motion";
import { distanceBetween, type Point } from "../../model/geo";
import { distance } from "../../words/format";
import { type Camera, metresPerPixel, type Padding, type Size, toScreen, worldWidth } from "../ground/view";
import { Avatar, type MapPerson, translation } from "./avatars";
import { type EdgeArrow, edgeArrows } from "./edge_arrows";
import { EdgeMark } from "./edge_mark";
import { Glide } from "./interpolation";
import { type Box, boxesOf, placeLabels, type Side } from "./label_layout";
import { Mover } from "./mover";
import { type Drawn, spread } from "./spread";

/** What the layer is drawn by. */
export interface Picture {
  readonly camera: Camera;
  readonly size: Size;
  readonly padding: Padding;
}

interface Placed {
  readonly avatar: Avatar;
  readonly glide: Glide;
  person: MapPerson;
  /** The browser moves it to its newest fix, or it is there. */
  isSent: boolean;
}

/** With more people than this nothing turns or steps aside smoothly: each such movement is drawn by itself. */
const CROWD = 30;
const TURN_MS = 400;
/** How much larger people are drawn where they are read from a metre away. */
const LARGE = 1.15;

export class PeopleLayer {
  readonly element = document.createElement("div");
  private readonly placed = new Map<number, Placed>();
  private readonly marks = new Map<number, EdgeMark>();
  private readonly accuracy = document.createElement("div");
  private readonly accuracyPlace = new Mover(this.accuracy, "transform", translation);
  private sides = new Map<number, Side>();
  private drawn: ReadonlyMap<number, Drawn> = new Map();
  private scale = 1;
  /** What people and their names covered when they were arranged last. */
  covered: readonly Box[] = [];

  constructor(private readonly onSelect: (participant: number) => void) {
    this.element.className = "people-layer";
    this.accuracy.className = "accuracy";
    this.accuracy.hidden = true;
    this.element.append(this.accuracy);
  }

  /**
   * Shows these people and no others.
   *
   * @param pace - Standing still, they are put where they are, rather than glide there.
   */
  setPeople(people: readonly MapPerson[], now: number, pace: Pace): void {
    const gone = new Set(this.placed.keys());
    // Stepping round, an arrow would have its disc painted again with each step.
    const turn = pace === "smooth" && people.length <= CROWD ? course(pace, now, TURN_MS) : null;
    for (const person of people) {
      gone.delete(person.id);
      const placed = this.placed.get(person.id) ?? this.place(person, now);
      const isChosen = person.isSelected && !placed.person.isSelected;
      placed.person = person;
      placed.avatar.show(person, turn);
      const isNew = placed.glide.moveTo(person.point, now, pace === "still" || person.isStale);
      if (isNew || isChosen) placed.isSent = false;
    }
    for (const id of gone) {
      this.placed.get(id)?.avatar.element.remove();
      this.placed.delete(id);
    }
  }

  /** Draws people larger, or as usual. */
  setLarge(on: boolean): void {
    this.scale = on ? LARGE : 1;
    this.element.style.setProperty("--scale", String(this.scale));
  }

  get isCrowd(): boolean {
    return this.placed.size > CROWD;
  }

  people(): MapPerson[] {
    return [...this.placed.values()].map(({ person }) => person);
  }

  person(id: number): MapPerson | null {
    return this.placed.get(id)?.person ?? null;
  }

  me(): MapPerson | null {
    for (const { person } of this.placed.values()) if (person.isMe) return person;
    return null;
  }

  /** Puts everybody where they stand in the picture at this moment, and leaves them there: for while the camera moves. */
  draw({ camera, size }: Picture, now: number): void {
    for (const placed of this.placed.values()) {
      const at = toScreen(camera, placed.glide.at(now), size);
      placed.isSent = false;
      placed.avatar.moveTo(at, camera.bearing);
      if (placed.person.isSelected) this.accuracyPlace.put([at.x, at.y]);
    }
    this.sizeAccuracy(camera);
  }

  /**
   * Sends each person who has a newer fix to it, while the camera rests; says in how many milliseconds all are there.
   */
  send({ camera, size }: Picture, now: number, pace: Pace): number {
    let longest = 0;
    for (const placed of this.placed.values()) {
      const { avatar, glide, person } = placed;
      const left = glide.left(now);
      longest = Math.max(longest, left);
      if (placed.isSent) continue;
      placed.isSent = true;
      const [from, to] = [toScreen(camera, glide.at(now), size), toScreen(camera, glide.target, size)];
      // Who rides over the edge of the projected world is on its other side at once.
      const isAcross = Math.abs(to.x - from.x) > worldWidth(camera.zoom) / 2;
      const way = isAcross ? null : course(pace, now, left);
      avatar.travel(from, to, way, camera.bearing);
      if (person.isSelected) this.accuracyPlace.send([to.x, to.y], way, [from.x, from.y]);
    }
    this.sizeAccuracy(camera);
    return longest;
  }

  /**
   * Moves avatars off one another as they stand at this moment, under way or not, gives names their places and arrows theirs:
   * the important ones first.
   */
  arrange({ camera, size, padding }: Picture, now: number, pace: Pace): void {
    const rank = ({ person }: Placed) => (person.isSelected ? 0 : person.isMe ? 1 : person.isStale ? 3 : 2);
    const everyone = [...this.placed.values()].sort((a, b) => rank(a) - rank(b) || a.person.id - b.person.id);
    const spots = everyone.map(({ person, glide }) => {
      const { x, y } = toScreen(camera, glide.at(now), size);
      return { id: person.id, x, y, isFixed: person.isMe };
    });
    const { scale } = this;
    const step = course(this.isCrowd ? "still" : pace, now, TURN_MS);
    const scaled = spots.map((spot) => ({ ...spot, x: spot.x / scale, y: spot.y / scale }));
    this.drawn = spread(scaled, this.drawn);
    const people = everyone.map(({ person, avatar }, index) => {
      const { x, y } = this.drawn.get(person.id)?.offset ?? { x: 0, y: 0 };
      avatar.moveAside({ x: x * scale, y: y * scale }, step);
      const spot = spots[index] ?? { x: 0, y: 0 };
      return { id: person.id, x: spot.x / scale + x, y: spot.y / scale + y, ...avatar.labelSize() };
    });
    this.sides = placeLabels(people, { width: size.width / scale, height: size.height / scale }, this.sides);
    for (const [id, side] of this.sides) this.placed.get(id)?.avatar.placeLabel(side);
    this.covered = boxesOf(people, this.sides).map(({ left, top, right, bottom }) => ({
      left: left * scale,
      top: top * scale,
      right: right * scale,
      bottom: bottom * scale,
    }));
    this.accuracy.hidden = !everyone.some(({ person }) => person.isSelected && person.accuracy !== null);
    const from = this.me()?.point ?? camera.center;
    this.drawMarks(edgeArrows(spots, size, padding), from);
  }

  private place(person: MapPerson, now: number): Placed {
    const avatar = new Avatar(() => this.onSelect(person.id));
    const placed = { avatar, glide: new Glide(person.point, now), person, isSent: false };
    this.placed.set(person.id, placed);
    this.element.append(placed.avatar.element);
    return placed;
  }

  /** The circle of the chosen person; its place is their avatar's. */
  private sizeAccuracy(camera: Camera): void {
    const chosen = this.people().find(({ isSelected }) => isSelected);
    if (chosen?.accuracy == null) return;
    const { style } = this.accuracy;
    style.setProperty("--person", chosen.color);
    style.width = style.height = `${(2 * chosen.accuracy) / metresPerPixel(chosen.point.lat, camera.zoom)}px`;
  }

  private drawMarks(arrows: readonly EdgeArrow[], from: Point): void {
    const gone = new Set(this.marks.keys());
    for (const arrow of arrows) {
      const person = this.person(arrow.id);
      if (!person) continue;
      gone.delete(arrow.id);
      let mark = this.marks.get(arrow.id);
      if (!mark) {
        mark = new EdgeMark(() => this.onSelect(arrow.id));
        this.marks.set(arrow.id, mark);
        this.element.append(mark.element);
      }
      mark.show(person, arrow, distance(distanceBetween(from, person.point)));
    }
    for (const id of gone) {
      this.marks.get(id)?.element.remove();
      this.marks.delete(id);
    }
  }
}
