/**
 * One property of one element: put somewhere, or sent there. On its way it is moved by the browser's compositor, so that
 * the page does nothing until there is news.
 */
import type { Course } from "../../device/motion";

type Place = readonly number[];

export class Mover {
  private from: Place = [];
  private to: Place = [];
  private text = "";
  private animation: Animation | null = null;

  /** @param write - A place as CSS; places that are written alike are the same. */
  constructor(
    private readonly element: HTMLElement,
    private readonly property: "transform" | "translate" | "rotate",
    private readonly write: (place: Place) => string,
  ) {}

  /** Puts it there at once. */
  put(place: Place): void {
    this.animation?.cancel();
    this.animation = null;
    this.to = place;
    const text = this.write(place);
    if (text === this.text) return;
    this.text = text;
    this.element.style[this.property] = text;
  }

  /**
   * Sends it there, from where it is unless something else is said.
   *
   * @param course - Null to be there at once.
   */
  send(place: Place, course: Course | null, from: Place = this.place()): void {
    const [here, there] = [this.write(from), this.write(place)];
    this.put(place);
    if (!course || from.length === 0 || here === there) return;
    this.from = from;
    const { startTime, duration, easing } = course;
    // It stands at its end by itself and keeps nothing; a frame that began before it does must not show that end.
    const timing = { duration, easing, fill: "backwards" } as const;
    this.animation = this.element.animate([{ [this.property]: here }, { [this.property]: there }], timing);
    this.animation.startTime = startTime;
  }

  /** Where it is at this moment. */
  private place(): Place {
    const progress = this.animation?.effect?.getComputedTiming().progress ?? 1;
    return this.to.map((end, index) => {
      const start = this.from[index] ?? end;
      return start + (end - start) * progress;
    });
  }
}
