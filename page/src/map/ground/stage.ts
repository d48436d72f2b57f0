/** What people are drawn on: something with a camera. There is a sketch at once, and streets when they are loaded. */

import type { Theme } from "../../device/theme";
import type { Point } from "../../model/geo";
import type { Camera, Size } from "./view";

export interface StageEvents {
  /** The camera stands elsewhere; called in each frame while it moves. */
  onCamera(): void;
  /** The camera has come to rest. */
  onRest(): void;
  /** Somebody moves the picture by hand. */
  onTouch(): void;
  /** The browser took away what the stage is drawn with, or gave it back. */
  onGraphics?(areThere: boolean): void;
}

export interface Stage {
  /** People are laid over it, as its child. */
  readonly overlay: HTMLElement;
  camera(): Camera;
  size(): Size;
  /** Moves the camera there, at once or in so many milliseconds. */
  moveTo(camera: Camera, duration: number): void;
  /** Rings of known radius lie around this point wherever there are no streets. */
  setRingCenter(point: Point | null): void;
  setTheme(theme: Theme): void;
  /** Takes it off the page. */
  remove(): void;
}
