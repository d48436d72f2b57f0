/** Finds web addresses in what people wrote, so that they can be followed, and their host can be shown first. */

export type Part = string | Link;

export interface Link {
  /** As it was written. */
  readonly text: string;
  readonly href: string;
  /** As the browser will ask for it: letters that look like others stand as `xn--`. */
  readonly host: string;
}

const ADDRESS = /https?:\/\/[^\s<>"'“”«»]+/giu;
/** Ends a sentence rather than an address. */
const TRAILING = /[.,;:!?…)\]}]+$/u;

/** A text in parts: what was written, with its addresses apart. Only http and https lead anywhere. */
export function linked(text: string): Part[] {
  const parts: Part[] = [];
  let end = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const written = trimmed(match[0]);
    const url = URL.canParse(written) ? new URL(written) : null;
    if (!url?.host) continue;
    if (match.index > end) parts.push(text.slice(end, match.index));
    parts.push({ text: written, href: url.href, host: url.host });
    end = match.index + written.length;
  }
  if (end < text.length) parts.push(text.slice(end));
  return parts;
}

/** Without what ends the sentence; a bracket that the address opens itself stays. */
function trimmed(address: string): string {
  const short = address.replace(TRAILING, "");
  return short.includes("(") && address.startsWith(`${short})`) ? `${short})` : short;
}
