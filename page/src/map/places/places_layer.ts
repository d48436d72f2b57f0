/** Places on the map, beneath people: a mark with a picture, a name where people leave room, a circle for how far it reaches. */
import type { Point } from "../../model/geo";
import { fromScreen, metresPerPixel, type Padding, type Projected, roomyPadding, toScreen } from "../ground/view";
import { type Box, type Labelled, placeLabels, type Side } from "../people/label_layout";
import type { Picture } from "../people/people_layer";
import type { Underlay } from "../people/underlay";
import { crowded } from "./crowding";
import { type MapPlace, PlaceMark } from "./place_mark";

/** So far outside, nothing of a mark is to be seen. */
const MARGIN_PX = 60;
/** Half of a mark without a name. */
const MARK_PX = 16;

export class PlacesLayer implements Underlay {
  readonly element = document.createElement("div");
  private readonly marks = new Map<string, PlaceMark>();
  private readonly circle = document.createElement("div");
  private readonly crosshair = document.createElement("div");
  private places: readonly MapPlace[] = [];
  private sides = new Map<number, Side>();
  private picture: Picture | null = null;
  isAiming = false;

  constructor(private readonly onSelect: (place: MapPlace) => void) {
    this.element.className = "places-layer";
    this.circle.className = "place-circle";
    this.crosshair.className = "crosshair";
    this.crosshair.hidden = this.circle.hidden = true;
    this.element.append(this.circle, this.crosshair);
  }

  /** Shows these places and no others, the most important first; the map asks for them to be drawn. */
  setPlaces(places: readonly MapPlace[]): void {
    this.places = places;
    const gone = new Set(this.marks.keys());
    for (const place of places) {
      gone.delete(place.key);
      let mark = this.marks.get(place.key);
      if (!mark) {
        mark = new PlaceMark((chosen) => this.onSelect(chosen));
        this.marks.set(place.key, mark);
        this.element.append(mark.element);
      }
      mark.show(place);
    }
    for (const key of gone) {
      this.marks.get(key)?.element.remove();
      this.marks.delete(key);
    }
  }

  /** Shows the cross in the middle of what panels leave free, or takes it away. */
  aim(on: boolean): void {
    if (on === this.isAiming) return;
    this.isAiming = on;
    this.crosshair.hidden = !on;
    if (this.picture) this.draw(this.picture);
  }

  /** The point beneath the cross; null before anything was drawn. */
  aimedAt(): Point | null {
    const { picture } = this;
    return picture && fromScreen(picture.camera, middleOf(picture), picture.size);
  }

  /** The point at a place of the picture, in pixels; null before anything was drawn. */
  pointAt(at: Projected): Point | null {
    return this.picture && fromScreen(this.picture.camera, at, this.picture.size);
  }

  draw(picture: Picture): void {
    this.picture = picture;
    const { camera, size } = picture;
    for (const place of this.places) {
      const at = toScreen(camera, place.point, size);
      const isSeen =
        at.x > -MARGIN_PX && at.y > -MARGIN_PX && at.x < size.width + MARGIN_PX && at.y < size.height + MARGIN_PX;
      this.marks.get(place.key)?.put(isSeen ? at : null);
    }
    this.drawCircle(picture);
    if (!this.isAiming) return;
    const { x, y } = middleOf(picture);
    this.crosshair.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px)`;
  }

  arrange(picture: Picture, covered: readonly Box[]): void {
    this.draw(picture);
    const spots = this.places.flatMap((place) => {
      const mark = this.marks.get(place.key);
      return mark ? [{ id: mark.id, mark, ...toScreen(picture.camera, place.point, picture.size) }] : [];
    });
    const small = crowded(spots);
    const named: Labelled[] = [];
    const unnamed: Box[] = [];
    for (const { id, mark, x, y } of spots) {
      mark.setSmall(small.has(id));
      if (small.has(id)) continue;
      const size = mark.labelSize();
      if (size) named.push({ id, x, y, ...size });
      else unnamed.push({ left: x - MARK_PX, top: y - MARK_PX, right: x + MARK_PX, bottom: y + MARK_PX });
    }
    this.sides = placeLabels(named, picture.size, this.sides, [...covered, ...unnamed]);
    for (const { id, mark } of spots) mark.placeLabel(this.sides.get(id) ?? "none");
  }

  private drawCircle({ camera, size }: Picture): void {
    const place = this.places.find(({ radius }) => radius !== null);
    this.circle.hidden = !place;
    if (place?.radius == null) return;
    const { x, y } = toScreen(camera, place.point, size);
    const { style } = this.circle;
    style.width = style.height = `${(2 * place.radius) / metresPerPixel(place.point.lat, camera.zoom)}px`;
    style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px) translate(-50%, -50%)`;
  }
}

function middleOf({ size, padding }: Picture): Projected {
  const { top, right, bottom, left }: Padding = roomyPadding(size, padding);
  return { x: (left + size.width - right) / 2, y: (top + size.height - bottom) / 2 };
}
