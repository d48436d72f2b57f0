/** A person on the map: disc with initials and colour, heading arrow, name, and the age of the position once stale. */

import { nothing, render, type TemplateResult } from "lit-html";
import type { Course } from "../../device/motion";
import type { Point } from "../../model/geo";
import { say } from "../../words/strings";
import type { Side } from "./label_layout";
import { Mover } from "./mover";
import type { Offset } from "./spread";

export interface MapPerson {
  readonly id: number;
  readonly name: string;
  readonly initials: string;
  readonly color: string;
  readonly point: Point;
  /** When the position was true, in milliseconds on the server's clock. */
  readonly fixTime: number;
  /** Metres; null where the receiver does not say. */
  readonly accuracy: number | null;
  readonly heading: number | null;
  /** Metres a second; null where the receiver does not say. */
  readonly speed: number | null;
  readonly isMe: boolean;
  readonly isStale: boolean;
  readonly isSelected: boolean;
  /** Said beneath the name, such as the age of a stale position; empty where there is nothing to say. */
  readonly note: string;
  /** Whether the camera should keep this person in the picture. */
  readonly isInPicture: boolean;
  readonly badges: Badges;
}

/** What stands at a disc: a post, a status, and both in words. */
export interface Badges {
  readonly post: TemplateResult | null;
  readonly status: TemplateResult | null;
  readonly words: string;
}

/** Half a pixel is one of most phones'; less of a movement is not seen, and costs as much as more. */
const GRAIN_PX = 0.5;
const GRAIN_DEGREES = 3;

/** A place on the screen as CSS, by half pixels. */
export function translation([x = 0, y = 0]: readonly number[]): string {
  return `translate(${grain(x, GRAIN_PX)}px, ${grain(y, GRAIN_PX)}px)`;
}

/** A disc that stands farther beside its place than half its width is tied to it. */
const STEM_FROM_PX = 24;

export class Avatar {
  readonly element = document.createElement("div");
  private readonly button = document.createElement("button");
  private readonly arrow = document.createElement("span");
  private readonly disc = document.createElement("span");
  private readonly initials = document.createElement("span");
  private readonly name = document.createElement("span");
  private readonly note = document.createElement("span");

  private readonly label = document.createElement("span");
  private measured: { text: string; width: number; height: number } | null = null;

  private readonly post = document.createElement("i");
  private readonly status = document.createElement("i");
  private readonly words = document.createElement("span");
  private readonly stem = document.createElement("i");
  private shown: MapPerson | null = null;
  private heading = 0;
  private bearing = 0;
  private turned = 0;
  private aside: Offset = { x: 0, y: 0 };
  private readonly place = new Mover(this.element, "transform", translation);
  private readonly step = new Mover(this.button, "translate", ([x, y]) => `${x}px ${y}px`);
  private readonly turn = new Mover(this.arrow, "rotate", ([degrees]) => `${degrees}deg`);

  constructor(onSelect: () => void) {
    this.element.className = "avatar";
    this.button.type = "button";
    this.button.className = "avatar-button";
    this.arrow.className = "avatar-arrow";
    this.disc.className = "avatar-disc";
    this.initials.className = "avatar-initials";
    this.disc.append(this.initials);
    this.disc.ariaHidden = "true";
    this.label.className = "map-label avatar-label";
    this.name.className = "avatar-name";
    this.name.dir = "auto";
    this.note.className = "avatar-note";
    this.post.className = "avatar-badge is-post";
    this.status.className = "avatar-badge";
    this.words.className = "visually-hidden";
    this.label.append(this.name, this.note);
    this.button.append(this.disc, this.arrow, this.post, this.status, this.label, this.words);
    this.button.addEventListener("click", (event) => {
      event.stopPropagation();
      onSelect();
    });
    this.stem.className = "avatar-stem";
    this.stem.hidden = true;
    this.element.append(this.stem, this.button);
  }

  /** How large the name is; the browser is asked only when its words have changed. */
  labelSize(): { width: number; height: number } {
    const text = `${this.name.textContent}\n${this.note.textContent}`;
    if (this.measured?.text !== text) {
      this.measured = { text, width: this.label.offsetWidth, height: this.label.offsetHeight };
    }
    return this.measured;
  }

  /** Draws the person at a place of the picture, in pixels, whose top is a direction in degrees. */
  moveTo({ x, y }: Offset, bearing: number): void {
    this.place.put([x, y]);
    this.showBearing(bearing);
  }

  /** Sends the person from one place of the picture to another. */
  travel(from: Offset, to: Offset, course: Course | null, bearing: number): void {
    this.place.send([to.x, to.y], course, [from.x, from.y]);
    this.showBearing(bearing);
  }

  /** Draws the person a little beside the place, off those who stand there too, with a stem that leads to it. */
  moveAside({ x, y }: Offset, course: Course | null): void {
    if (x === this.aside.x && y === this.aside.y) return;
    this.aside = { x, y };
    this.step.send([x, y], course);
    const length = Math.hypot(x, y);
    this.stem.hidden = length < STEM_FROM_PX;
    this.stem.style.inlineSize = `${Math.round(length)}px`;
    this.stem.style.rotate = `${Math.round((Math.atan2(y, x) * 180) / Math.PI)}deg`;
  }

  private showBearing(bearing: number): void {
    if (bearing === this.bearing) return;
    this.bearing = bearing;
    this.turnArrow(null);
  }

  private turnArrow(course: Course | null): void {
    const turned = shortWay(this.turned, grain(this.heading - this.bearing, GRAIN_DEGREES));
    if (turned === this.turned) return;
    this.turned = turned;
    this.turn.send([turned], course);
  }

  placeLabel(side: Side): void {
    if (this.label.dataset.side !== side) this.label.dataset.side = side;
  }

  /** @param course - Of a turn to another heading. */
  show(person: MapPerson, course: Course | null): void {
    if (!this.shown || !looksLike(person, this.shown)) this.dress(person);
    this.shown = person;
    this.heading = person.heading ?? this.heading;
    this.turnArrow(course);
  }

  /** All that seldom changes. Set again, it would make the browser compute again how each part is drawn. */
  private dress(person: MapPerson): void {
    const { element } = this;
    element.style.setProperty("--person", person.color);
    element.style.setProperty("--on-person", inkOn(person.color));
    element.classList.toggle("is-me", person.isMe);
    element.classList.toggle("is-stale", person.isStale);
    element.classList.toggle("is-selected", person.isSelected);
    element.style.zIndex = person.isMe ? "3" : person.isSelected ? "4" : person.isStale ? "1" : "2";
    setText(this.initials, person.initials);
    setText(this.name, person.isMe ? say("map.you") : person.name);
    setText(this.note, person.note);
    showBadge(this.post, person.badges.post);
    showBadge(this.status, person.badges.status);
    setText(this.words, person.badges.words);
    this.arrow.hidden = person.heading === null || person.isStale;
    element.dataset.participant = String(person.id);
  }
}

/** Black or white, whichever is easier to read on a colour `#rrggbb`. */
export function inkOn(color: string): "#ffffff" | "#14181a" {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  // White letters are favoured a little: they are large and bold, and black ones on a deep colour look dirty.
  return luminance > 0.36 ? "#14181a" : "#ffffff";
}

/** A direction in degrees, as the one nearest to another that shows the same: from 350 to 10 it is 370. */
export function shortWay(from: number, to: number): number {
  return from + ((((to - from + 180) % 360) + 360) % 360) - 180;
}

function grain(value: number, size: number): number {
  return Math.round(value / size) * size;
}

function looksLike(a: MapPerson, b: MapPerson): boolean {
  const alike = ["name", "initials", "color", "note", "isMe", "isStale", "isSelected"] as const;
  const areBadgesAlike = a.badges.post === b.badges.post && a.badges.status === b.badges.status;
  return areBadgesAlike && alike.every((key) => a[key] === b[key]) && (a.heading === null) === (b.heading === null);
}

function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

function showBadge(element: HTMLElement, picture: TemplateResult | null): void {
  element.hidden = picture === null;
  render(picture ?? nothing, element);
}
