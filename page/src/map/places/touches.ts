/**
 * Taps and long presses on the map, and the other button of a mouse. Each has an alternative: the button that adds a place, and
 * the cross.
 */
import type { Projected } from "../ground/view";

const LONG_MS = 500;
/** A finger that moves farther moves the map. */
const STILL_PX = 10;

interface Touch {
  readonly id: number;
  readonly at: Projected;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** Listens to a map for as long as it is there. */
export function listenForTouches(
  map: HTMLElement,
  events: { tapped(at: Projected): void; pressed(at: Projected): void },
): void {
  let touch: Touch | null = null;
  const end = () => {
    if (touch) clearTimeout(touch.timer);
    touch = null;
  };
  const place = ({ clientX, clientY }: MouseEvent): Projected => {
    const { left, top } = map.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  };
  map.addEventListener("pointerdown", (event) => {
    // Of two fingers none presses: they zoom.
    const isAlone = touch === null && event.isPrimary;
    end();
    if (!isAlone || event.button !== 0 || isControl(event.target)) return;
    const at = place(event);
    const pressed = () => {
      touch = null;
      events.pressed(at);
    };
    const timer = setTimeout(pressed, LONG_MS);
    touch = { id: event.pointerId, at, timer };
  });
  map.addEventListener("pointermove", (event) => {
    if (touch?.id !== event.pointerId) return;
    const { x, y } = place(event);
    if (Math.hypot(x - touch.at.x, y - touch.at.y) > STILL_PX) end();
  });
  map.addEventListener("pointerup", () => {
    const ended = touch;
    end();
    if (ended) events.tapped(ended.at);
  });
  for (const type of ["pointercancel", "wheel"]) map.addEventListener(type, end, { passive: true });
  map.addEventListener("contextmenu", (event) => {
    if (isControl(event.target)) return;
    event.preventDefault();
    // A finger's long press was noticed above.
    if (event instanceof PointerEvent && event.pointerType !== "mouse") return;
    end();
    events.pressed(place(event));
  });
}

function isControl(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("button, a, summary") !== null;
}
