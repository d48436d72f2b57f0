/** The session's link: `<base>/j#<code>`, where the code is `<id>.<secret>`. */

export interface Link {
  /** The session's id: not secret. */
  readonly sessionId: string;
  /** `<id>.<secret>`: what is posted, and nothing else of the fragment. */
  readonly code: string;
  /** The link says of itself that it is for watching; the server alone decides. */
  readonly watch: boolean;
}

const CODE = /^([a-z0-9]{10})\.[A-Za-z0-9_-]{22}$/;
const WATCH_MARK = "watch";

/** Reads an address's fragment; null where it carries no well-formed code. */
export function parseFragment(fragment: string): Link | null {
  const [code = "", ...rest] = fragment.replace(/^#/, "").split("&");
  const match = CODE.exec(code);
  if (!match?.[1]) return null;
  return { sessionId: match[1], code, watch: rest.includes(WATCH_MARK) };
}

/** The link that the page was opened by; null where it was opened by none. */
export function openedLink(): Link | null {
  return location.pathname === "/j" ? parseFragment(location.hash) : null;
}

/** Marks a viewer link, so that the page that opens it can say at once that it only watches. */
export function markForWatching(link: string): string {
  return `${link}&${WATCH_MARK}`;
}

/** The path and fragment that open a link on this address. */
export function pathOf(link: string): string {
  const address = new URL(link, location.href);
  return `/j${address.hash}`;
}
