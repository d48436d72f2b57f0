/** The page's own icons: 24 px, drawn with one stroke that takes the colour of the text around it. */
import { html, svg, type TemplateResult } from "lit-html";

function icon(paths: TemplateResult): TemplateResult {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">${paths}</svg>`;
}

export const icons = {
  people: icon(
    svg`<circle cx="9" cy="8.5" r="3.5"/><path d="M2.5 20c.5-4 3-6 6.5-6s6 2 6.5 6M16 5.400a3.3 3.3 0 0 1 0 6.200M18 14.600c2 .8 3.2 2.7 3.5 5.4"/>`,
  ),
  invite: icon(
    svg`<circle cx="10" cy="8.5" r="3.7"/><path d="M3 20.200c.5-4.2 3.2-6.3 7-6.3 1.7 0 3.2.4 4.3 1.300M18.5 13.500v7M15 17h7"/>`,
  ),
  menu: icon(
    svg`<circle class="dot" cx="12" cy="5" r="1.7"/><circle class="dot" cx="12" cy="12" r="1.7"/><circle class="dot" cx="12" cy="19" r="1.7"/>`,
  ),
  handlebar: icon(
    svg`<path class="thick" d="M3 9c4.500 0 5.500 1 6.500 3h5c1-2 2-3 6.500-3"/><rect x="9.2" y="4" width="5.6" height="9.500" rx="1.4"/><path d="M12 15v5"/>`,
  ),
  voice: icon(
    svg`<path d="M4 9.500v5h3.500L12 18.500v-13L7.500 9.500zM15.500 9a4.500 4.500 0 0 1 0 6M18 6.500a8 8 0 0 1 0 11"/>`,
  ),
  mute: icon(svg`<path d="M4 9.500v5h3.500L12 18.500v-13L7.500 9.500zM16 9.500l5 5M21 9.500l-5 5"/>`),
  plus: icon(svg`<path d="M12 5v14M5 12h14"/>`),
  minus: icon(svg`<path d="M5 12h14"/>`),
  close: icon(svg`<path d="M6 6l12 12M18 6L6 18"/>`),
  center: icon(
    svg`<circle cx="12" cy="12" r="6.5"/><circle class="dot" cx="12" cy="12" r="2.3"/><path d="M12 2v3.500M12 18.500V22M2 12h3.500M18.5 12H22"/>`,
  ),
  everyone: icon(
    svg`<path d="M3 8V4.500A1.5 1.5 0 0 1 4.5 3H8M16 3h3.500A1.5 1.5 0 0 1 21 4.500V8M21 16v3.500a1.5 1.5 0 0 1-1.5 1.500H16M8 21H4.500A1.5 1.5 0 0 1 3 19.500V16"/><circle class="dot" cx="8.5" cy="14" r="2"/><circle class="dot" cx="12.5" cy="8.5" r="2"/><circle class="dot" cx="16" cy="14.5" r="2"/>`,
  ),
  pause: icon(svg`<path class="thick" d="M8.5 6v12M15.5 6v12"/>`),
  broadcast: icon(
    svg`<circle class="dot" cx="12" cy="12" r="2.4"/><path d="M7.8 16.200a6 6 0 0 1 0-8.400M16.2 7.800a6 6 0 0 1 0 8.400M4.9 19a10 10 0 0 1 0-14M19.1 5a10 10 0 0 1 0 14"/>`,
  ),
  off: icon(
    svg`<path d="M4 4l16 16M9 5.300A7 7 0 0 1 19 11c0 1.5-.5 3-1.3 4.400M15.5 18c-1 1.2-2.2 2.3-3.5 3-3.5-2.3-7-6-7-10 0-1 .2-1.9.5-2.7"/>`,
  ),
  eye: icon(
    svg`<path d="M2 12c2.3-4.3 5.7-6.5 10-6.500S19.7 7.7 22 12c-2.3 4.3-5.7 6.5-10 6.500S4.3 16.3 2 12z"/><circle cx="12" cy="12" r="3"/>`,
  ),
  clock: icon(svg`<circle cx="12" cy="12" r="9"/><path d="M12 7v5.300l3.5 2"/>`),
  copy: icon(
    svg`<rect x="8.5" y="8.5" width="12" height="12" rx="2.5"/><path d="M15.5 5v-.5A1.5 1.5 0 0 0 14 3H5a2 2 0 0 0-2 2v9a1.5 1.5 0 0 0 1.5 1.500H5"/>`,
  ),
  send: icon(svg`<path d="M12 15V3.500M7.5 7.500L12 3l4.5 4.500M5 12v7a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2v-7"/>`),
  check: icon(svg`<path class="thick" d="M5 12.500l4.5 4.500L19 7"/>`),
  leave: icon(
    svg`<path d="M14 4H6.500A1.5 1.5 0 0 0 5 5.500v13A1.5 1.5 0 0 0 6.5 20H14M10.5 12H21M17.5 8.500L21 12l-3.5 3.5"/>`,
  ),
  stop: icon(svg`<rect x="5" y="5" width="14" height="14" rx="3"/>`),
  pin: icon(
    svg`<path d="M12 21.500c-4-4.3-7-7.8-7-11.500a7 7 0 0 1 14 0c0 3.7-3 7.2-7 11.500z"/><circle class="dot" cx="12" cy="10" r="2.3"/>`,
  ),
  pencil: icon(
    svg`<path d="M4 20l1-4.500L16.5 4a1.8 1.8 0 0 1 2.5 0l1 1a1.8 1.8 0 0 1 0 2.500L8.5 19 4 20zM14.5 6l3.5 3.5"/>`,
  ),
  warning: icon(
    svg`<path d="M12 3.500L22 20.500H2L12 3.500zM12 10v4.5"/><circle class="dot" cx="12" cy="17.3" r="1"/>`,
  ),
  arrow: icon(svg`<path d="M12 20V4.500M5.5 11L12 4.500l6.5 6.5"/>`),
  talk: icon(
    svg`<path d="M4 5.500h16A1.5 1.5 0 0 1 21.5 7v9a1.5 1.5 0 0 1-1.5 1.500h-8L7 21.500v-4H4A1.5 1.5 0 0 1 2.5 16V7A1.5 1.5 0 0 1 4 5.500z"/>`,
  ),
  lead: icon(svg`<path d="M6 21.500V4M6 4.500c4-2 7 2 12 0v8.500c-5 2-8-2-12 0"/>`),
  sweep: icon(
    svg`<path d="M12 3l7.5 2.700v5.300c0 5-3.2 8.3-7.5 10-4.3-1.700-7.500-5-7.500-10V5.700z"/><path d="M8.5 12l2.6 2.600 4.600-5"/>`,
  ),
  cup: icon(
    svg`<path d="M5 9h11v6.500a4 4 0 0 1-4 4H9a4 4 0 0 1-4-4zM16 10.500h1.500a2.700 2.700 0 0 1 0 5.400H16M8.5 3v2.500M12.5 3v2.500"/>`,
  ),
  fuel: icon(
    svg`<path d="M4.500 20.500v-15A1.500 1.500 0 0 1 6 4h6a1.500 1.500 0 0 1 1.500 1.500v15M3 20.500h12M4.500 10.500h9M13.500 12.500H15a1.700 1.700 0 0 1 1.700 1.700v2.600a1.700 1.700 0 0 0 3.400 0V9.500L17 6.500"/>`,
  ),
  home: icon(svg`<path d="M3.500 11.500L12 4l8.500 7.500M6 9.800V20h12V9.800M10 20v-5.500h4V20"/>`),
} as const;

export type IconName = keyof typeof icons;

/** The mark: three riders on a winding road. */
export const mark = html`<svg class="mark" viewBox="0 0 64 64" aria-hidden="true" focusable="false">
  <rect width="64" height="64" rx="15" />
  <path d="M14 52C14 34 30 40 32 28 34 17 42 13 51 13" />
  <circle cx="15" cy="49" r="6" /><circle cx="30" cy="34" r="7" /><circle cx="48" cy="15" r="8.5" />
</svg>`;
