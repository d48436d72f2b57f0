/** Keeps what somebody reads in its place while messages come above and below it; at the end, the newest stays in sight. */
import { noChange } from "lit-html";
import { Directive, directive, type ElementPart, type PartInfo, PartType } from "lit-html/directive.js";

/** So near to the end one reads the newest. */
const NEAR_PX = 40;

class KeepReading extends Directive {
  private wasShown = false;

  constructor(info: PartInfo) {
    super(info);
    if (info.type !== PartType.ELEMENT) throw new Error("keepReading belongs to an element");
  }

  /** @param _begin - Which item is to be seen first, where the list is shown for the first time; the end without one. */
  render(_begin: string | null): typeof noChange {
    return noChange;
  }

  /** Runs before the children are drawn: what is seen now is measured, and put back where it was afterwards. */
  override update({ element }: ElementPart, [begin]: [string | null]): typeof noChange {
    const list = element as HTMLElement;
    if (!this.wasShown) {
      this.wasShown = true;
      queueMicrotask(() => {
        const first = begin === null ? null : list.querySelector<HTMLElement>(begin);
        list.scrollTop = first ? first.offsetTop - list.offsetTop : list.scrollHeight;
      });
      return noChange;
    }
    const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < NEAR_PX;
    const held = isAtEnd ? null : firstSeen(list);
    const before = held ? held.getBoundingClientRect().top : 0;
    queueMicrotask(() => {
      if (isAtEnd) list.scrollTop = list.scrollHeight;
      else if (held?.isConnected) {
        const moved = held.getBoundingClientRect().top - before;
        if (moved !== 0) list.scrollTop += moved;
      }
    });
    return noChange;
  }
}

function firstSeen(list: HTMLElement): Element | null {
  const { top } = list.getBoundingClientRect();
  return [...list.querySelectorAll("[data-message]")].find((one) => one.getBoundingClientRect().bottom > top) ?? null;
}

export const keepReading = directive(KeepReading);

/** Whether the newest is in sight. */
export function isAtEnd(list: Element): boolean {
  return list.scrollHeight - list.scrollTop - list.clientHeight < NEAR_PX;
}
