/** One place on the map: a square with its picture, or a dot where others are more important, and its name. */
import { render, type TemplateResult } from "lit-html";
import type { Point } from "../../model/geo";
import type { Projected } from "../ground/view";
import type { Side } from "../people/label_layout";

export interface MapPlace {
  /** The same for the same place. */
  readonly key: string;
  readonly kind: string;
  readonly icon: TemplateResult;
  /** Stands beside it; empty for no words. */
  readonly name: string;
  /** What it is, in words. */
  readonly words: string;
  readonly point: Point;
  readonly look: "usual" | "selected" | "called" | "waiting" | "proposed";
  /** Metres that are drawn as a circle around it; null for none. */
  readonly radius: number | null;
}

let last = 0;

export class PlaceMark {
  /** Tells marks apart; of no other meaning. */
  readonly id = ++last;
  readonly element = document.createElement("button");
  private readonly picture = document.createElement("span");
  private readonly label = document.createElement("span");
  private shown: MapPlace | null = null;
  private measured: { readonly width: number; readonly height: number } | null = null;

  constructor(onSelect: (place: MapPlace) => void) {
    this.element.type = "button";
    this.picture.className = "place-picture";
    this.label.className = "map-label place-label";
    this.label.dir = "auto";
    this.label.dataset.side = "none";
    this.element.append(this.picture, this.label);
    this.element.addEventListener("click", () => this.shown && onSelect(this.shown));
  }

  show(place: MapPlace): void {
    const before = this.shown;
    this.shown = place;
    const isAlike = before && (["kind", "name", "words", "look"] as const).every((key) => before[key] === place[key]);
    if (isAlike) return;
    const { element } = this;
    element.className = `place-mark is-${place.look}`;
    element.dataset.kind = place.kind;
    element.ariaLabel = place.words;
    // It is not there yet: nothing can be done with it.
    element.inert = place.look === "proposed";
    render(place.icon, this.picture);
    if (place.name !== before?.name) {
      this.label.textContent = place.name;
      this.measured = null;
    }
  }

  /** Draws it at a place of the picture; null where it is not in it. */
  put(at: Projected | null): void {
    this.element.hidden = at === null;
    if (at) this.element.style.transform = `translate(${Math.round(at.x)}px, ${Math.round(at.y)}px)`;
  }

  /** A dot has no name, and is nothing to tap on: the list has it. */
  setSmall(on: boolean): void {
    const { element } = this;
    if (element.disabled === on) return;
    element.disabled = on;
    element.ariaHidden = on ? "true" : null;
  }

  /** How large the name is; null without one. The browser is asked only when its words have changed. */
  labelSize(): { readonly width: number; readonly height: number } | null {
    if (!this.shown?.name || this.element.hidden) return null;
    this.measured ??= { width: this.label.offsetWidth, height: this.label.offsetHeight };
    return this.measured;
  }

  placeLabel(side: Side): void {
    if (this.label.dataset.side !== side) this.label.dataset.side = side;
  }
}
