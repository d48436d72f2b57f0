/** Somebody beyond the picture: a disc at its edge, which way they are, and how far from me. */

import { say } from "../../words/strings";
import { inkOn, type MapPerson } from "./avatars";
import type { EdgeArrow } from "./edge_arrows";

export class EdgeMark {
  readonly element = document.createElement("button");
  private readonly pointer = document.createElement("i");
  private readonly disc = document.createElement("span");
  private readonly words = document.createElement("small");

  constructor(onSelect: () => void) {
    this.element.type = "button";
    this.element.className = "edge-mark";
    this.pointer.className = "edge-pointer";
    this.disc.className = "edge-disc";
    this.words.className = "edge-words";
    for (const part of [this.pointer, this.disc, this.words]) part.ariaHidden = "true";
    this.element.append(this.pointer, this.disc, this.words);
    this.element.addEventListener("click", (event) => {
      event.stopPropagation();
      onSelect();
    });
  }

  /** @param far - The distance to them, in words. */
  show(person: MapPerson, arrow: EdgeArrow, far: string): void {
    const { element } = this;
    element.style.setProperty("--person", person.color);
    element.style.setProperty("--on-person", inkOn(person.color));
    element.style.transform = `translate(${Math.round(arrow.x)}px, ${Math.round(arrow.y)}px)`;
    element.classList.toggle("is-stale", person.isStale);
    element.dataset.participant = String(person.id);
    this.pointer.style.rotate = `${Math.round(arrow.angle)}deg`;
    this.disc.textContent = person.initials;
    this.words.textContent = arrow.others > 0 ? `${far} +${arrow.others}` : far;
    element.ariaLabel = say("map.beyond", { name: person.name, distance: far });
  }
}
