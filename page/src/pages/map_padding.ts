/** What lies over the map, so that everybody is fitted into what is left of it. */
import type { Padding } from "../map/ground/view";

/** In a lower window, and over a panel, people may stand beneath a notice: else there would be no room for them. */
const LOW_PX = 600;

/**
 * Measures what covers the map, and tells the styles where the map's own words may stand.
 *
 * @param isWide - Panels lie beside the map.
 * @returns Pixels from each edge; null where nothing is drawn yet.
 */
export function padMap(root: HTMLElement, isWide: boolean): Padding | null {
  const boxOf = (selector: string) => root.querySelector(selector)?.getBoundingClientRect();
  const [stage, top, dock] = [boxOf(".stage"), boxOf(".top"), boxOf(".dock")];
  if (!stage || !top || !dock) return null;
  const handlebar = boxOf(".handlebar-people");
  if (handlebar) {
    const isUpright = stage.height > stage.width;
    const left = isUpright ? 40 : handlebar.right + 50;
    return { top: 110, right: 50, bottom: isUpright ? stage.bottom - handlebar.top + 60 : 80, left };
  }
  const [panel, slot] = [boxOf(".panel"), boxOf(".notices")];
  // Whether there is a notice or not: the picture stays as they come and go.
  const upper = slot && !panel && stage.height >= LOW_PX ? slot.bottom : top.bottom;
  const bottom = stage.bottom - (panel ? Math.min(panel.top, dock.top) : dock.top);
  root.style.setProperty("--rail-end", `${Math.round(top.right + 8)}px`);
  root.style.setProperty("--covered-bottom", isWide ? "0px" : `${Math.round(bottom)}px`);
  // Labels hang below their points, and arrows stand around them.
  return isWide
    ? { top: 40, right: 70, bottom: 60, left: top.right + 30 }
    : { top: upper + 34, right: 34, bottom: bottom + 50, left: 34 };
}
