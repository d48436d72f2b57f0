/** The pictures of places. */
import { html, svg, type TemplateResult } from "lit-html";
import type { PlaceKind } from "../model/model";
import { icons } from "./icons";

function icon(paths: TemplateResult): TemplateResult {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">${paths}</svg>`;
}

export const placeIcons: Readonly<Record<PlaceKind, TemplateResult>> = {
  meet: icons.lead,
  fuel: icons.fuel,
  food: icon(svg`<path d="M7 3v18M4 3v5a3 3 0 0 0 6 0V3M17 21v-7h-2.500V8c0-3 1-4.500 2.500-5z"/>`),
  view: icon(svg`<path d="M2.500 19.500L9 7l4 7.500 2.500-4 6 9zM17.500 3.500a2 2 0 1 0 .01 0"/>`),
  hazard: icons.warning,
  parking: icon(svg`<path class="thick" d="M8 20V4.500h5a4.500 4.500 0 0 1 0 9H8"/>`),
  camp: icon(svg`<path d="M12 5L3 20h18zM12 5l-1.200-2M12 5l1.200-2M12 12l-4 8M12 12l4 8"/>`),
  note: icon(svg`<path d="M5 3.500h14v12l-5 5H5zM14 20.500v-5h5M8.500 8.500h7M8.500 12.500h4"/>`),
};

export const placeControls = {
  navigate: icon(svg`<path d="M12 3l7.500 17.500L12 17l-7.500 3.500z"/>`),
  hide: icon(
    svg`<path d="M3 3l18 18M9.500 6c.8-.300 1.600-.500 2.500-.500 4.300 0 7.700 2.200 10 6.500-.8 1.500-1.700 2.700-2.800 3.700M14 18.200c-.6.200-1.300.300-2 .300-4.300 0-7.700-2.200-10-6.500 1-1.900 2.200-3.400 3.700-4.500"/>`,
  ),
  file: icon(svg`<path d="M12 3.500v11.500M7.500 10.500L12 15l4.500-4.500M5 17v3.500h14V17"/>`),
  folder: icon(svg`<path d="M3 6.500h6l2 2.500h10v10.500H3zM12 17v-5M9.500 14.500L12 12l2.500 2.500"/>`),
};
