/** What lies beneath people on whichever stage there is; it has no say in where the camera goes. */
import type { Box } from "./label_layout";
import type { Picture } from "./people_layer";

export interface Underlay {
  readonly element: HTMLElement;
  /** Puts everything where it stands in the picture. */
  draw(picture: Picture): void;
  /** Draws it, and gives names their places, off what people cover. */
  arrange(picture: Picture, covered: readonly Box[]): void;
}
