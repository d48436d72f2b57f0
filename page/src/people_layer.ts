/** Everybody over a stage: avatars that glide from fix to fix, and arrows at the edge for who is beyond the picture. */
import { Avatar, type MapPerson } from "./avatars";
import { type EdgeArrow, edgeArrows } from "./edge_arrows";
import { EdgeMark } from "./edge_mark";
import { distance } from "./format";
import { distanceBetween, type Point } from "./geo";
import { Glide } from "./interpolation";
import { placeLabels, type Side } from "./label_layout";
import { spread } from "./spread";
import { type Camera, metresPerPixel, type Padding, type Size, toScreen } from "./view";

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
}

/** With more people than this nothing turns or steps aside smoothly: each such movement is drawn by itself. */
const CROWD = 30;
/** How much larger people are drawn where they are read from a metre away. */
const LARGE = 1.15;

export class PeopleLayer {
  readonly element = document.createElement("div");
  private readonly placed = new Map<number, Placed>();
  private readonly marks = new Map<number, EdgeMark>();
  private readonly accuracy = document.createElement("div");
  private sides = new Map<number, Side>();
  private scale = 1;

  constructor(private readonly onSelect: (participant: number) => void) {
    this.element.className = "people-layer";
    this.accuracy.className = "accuracy";
    this.accuracy.hidden = true;
    this.element.append(this.accuracy);
  }

  /**
   * Shows these people and no others.
   *
   * @param jump - They are put where they are, rather than glide there.
   */
  setPeople(people: readonly MapPerson[], now: number, jump: boolean): void {
    const gone = new Set(this.placed.keys());
    for (const person of people) {
      gone.delete(person.id);
      const placed = this.placed.get(person.id) ?? this.place(person, now);
      placed.person = person;
      placed.avatar.show(person);
      placed.glide.moveTo(person.point, now, jump || person.isStale);
    }
    for (const id of gone) {
      this.placed.get(id)?.avatar.element.remove();
      this.placed.delete(id);
    }
    this.element.classList.toggle("is-crowded", this.placed.size > CROWD);
  }

  /** Draws people larger, or as usual. */
  setLarge(on: boolean): void {
    this.scale = on ? LARGE : 1;
    this.element.style.setProperty("--scale", String(this.scale));
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

  /** Puts everybody where they stand in the picture at this moment; says whether somebody is still under way. */
  draw({ camera, size }: Picture, now: number): boolean {
    let isMoving = false;
    for (const { avatar, glide, person } of this.placed.values()) {
      isMoving ||= glide.isMoving(now);
      const at = toScreen(camera, glide.at(now), size);
      avatar.moveTo(at, camera.bearing);
      if (person.isSelected) this.drawAccuracy(person, at, camera);
    }
    return isMoving;
  }

  /**
   * Moves avatars off one another as they stand at this moment, under way or not, gives names their places and arrows theirs:
   * the important ones first.
   */
  arrange({ camera, size, padding }: Picture, now: number): void {
    const rank = ({ person }: Placed) => (person.isSelected ? 0 : person.isMe ? 1 : person.isStale ? 3 : 2);
    const everyone = [...this.placed.values()].sort((a, b) => rank(a) - rank(b) || a.person.id - b.person.id);
    const spots = everyone.map(({ person, glide }) => {
      const { x, y } = toScreen(camera, glide.at(now), size);
      return { id: person.id, x, y, isFixed: person.isMe };
    });
    const { scale } = this;
    const offsets = spread(spots.map((spot) => ({ ...spot, x: spot.x / scale, y: spot.y / scale })));
    const people = everyone.map(({ person, avatar }, index) => {
      const { x, y } = offsets.get(person.id) ?? { x: 0, y: 0 };
      avatar.moveAside({ x: x * scale, y: y * scale });
      const spot = spots[index] ?? { x: 0, y: 0 };
      return { id: person.id, x: spot.x / scale + x, y: spot.y / scale + y, ...avatar.labelSize() };
    });
    this.sides = placeLabels(people, { width: size.width / scale, height: size.height / scale }, this.sides);
    for (const [id, side] of this.sides) this.placed.get(id)?.avatar.placeLabel(side);
    this.accuracy.hidden = !everyone.some(({ person }) => person.isSelected && person.accuracy !== null);
    const from = this.me()?.point ?? camera.center;
    this.drawMarks(edgeArrows(spots, size, padding), from);
  }

  private place(person: MapPerson, now: number): Placed {
    const placed = { avatar: new Avatar(() => this.onSelect(person.id)), glide: new Glide(person.point, now), person };
    this.placed.set(person.id, placed);
    this.element.append(placed.avatar.element);
    return placed;
  }

  private drawAccuracy({ accuracy, point, color }: MapPerson, at: { x: number; y: number }, camera: Camera): void {
    if (accuracy === null) return;
    const diameter = (2 * accuracy) / metresPerPixel(point.lat, camera.zoom);
    const { style } = this.accuracy;
    style.setProperty("--person", color);
    style.width = style.height = `${diameter}px`;
    style.transform = `translate(${at.x - diameter / 2}px, ${at.y - diameter / 2}px)`;
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
