/**
 * The session's link: `<base>/j#<code>`, where the code is `<id>.<secret>`, and whatever became of it on its way.
 *
 * The Python client reads links by the same rule (`wire/links.py`), and `tests/vectors/links.json` holds both to it.
 */

export interface Link {
  /** The session's id: not secret. */
  readonly sessionId: string;
  /** `<id>.<secret>`: what is posted, and nothing else of the address. */
  readonly code: string;
  /** The link says of itself that it is for watching; the server alone decides. */
  readonly watch: boolean;
}

/** Underscores and hyphens behind a code are punctuation, unless more of a word follows. */
const CODE = /(?:^|[^A-Za-z0-9]|\/j)(([a-z0-9]{10})\.[A-Za-z0-9_-]{22})(?![_-]*[A-Za-z0-9])/;
const ESCAPES = /(?:%[0-9A-Fa-f]{2})+/g;
const INVISIBLE = /[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]|[\ufe00-\ufe0f]/g;
const LINE_BREAK = /[ \t]*[\r\n][\s>]*/g;
const WATCH_MARK = "watch";
const WATCH = /(?:^|[&;?#])watch(?![A-Za-z0-9])/;
/** How often a link may have been escaped: by two redirectors, and once more. */
const WRAPPINGS = 3;
const MAX_TEXT = 8_000;

/** Finds a link's code in a text, such as an address; null where there is none that is well formed. */
export function readLink(text: string): Link | null {
  for (const reading of readings(text.slice(0, MAX_TEXT).trim())) {
    const match = CODE.exec(reading);
    if (!match?.[1] || !match[2]) continue;
    const after = reading.slice(match.index + match[0].length).trimStart();
    const rest = unescaped(after.split(/\s/, 1)[0] ?? "");
    return { sessionId: match[2], code: match[1], watch: WATCH.test(rest) };
  }
  return null;
}

/** The link that the page was opened by; null where it was opened by none. */
export function openedLink(): Link | null {
  return readLink(location.pathname + location.search + location.hash);
}

/** Marks a viewer link, so that the page that opens it can say at once that it only watches. */
export function markForWatching(link: string): string {
  return `${link}&${WATCH_MARK}`;
}

/** The path and fragment that a link has where nothing happened to it. */
export function pathOf({ code, watch }: Pick<Link, "code" | "watch">): string {
  const path = `/j#${code}`;
  return watch ? markForWatching(path) : path;
}

/** A text as it stands, then with its escapes resolved again and again, and all of that without line breaks. */
function readings(text: string): string[] {
  const all = [text.replace(INVISIBLE, "")];
  for (let times = 0; times < WRAPPINGS; times++) all.push(resolved(all.at(-1) ?? "").replace(INVISIBLE, ""));
  return [...all, ...all.map((reading) => reading.replace(LINE_BREAK, ""))];
}

function unescaped(text: string): string {
  let result = text;
  for (let times = 0; times < WRAPPINGS; times++) result = resolved(result);
  return result;
}

/** Resolves percent-escapes once; runs of them that are no UTF-8 stay. */
function resolved(text: string): string {
  return text.replace(ESCAPES, (run) => {
    try {
      return decodeURIComponent(run);
    } catch {
      return run;
    }
  });
}
