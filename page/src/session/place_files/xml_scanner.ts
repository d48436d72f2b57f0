/**
 * Walks through the tags and texts of an XML file that may be broken anywhere: what cannot be read is said, and the walk goes on
 * behind it. Names come without their prefixes. Document types are skipped and entities of theirs are unknown; pure.
 */

export interface XmlHandler {
  open(name: string, attributes: ReadonlyMap<string, string>): void;
  close(name: string): void;
  text(text: string): void;
  /**
   * Something is wrong with what stands here.
   *
   * @param name - Of the tag that cannot be read; null where it is something else.
   */
  broken(name: string | null): void;
}

// Each is tried at one place. None can match in two ways, so that no file takes long.
const COMMENT = /<!--.*?(?:-->|$)/sy;
const CDATA = /<!\[CDATA\[(.*?)(?:\]\]>|$)/sy;
const INSTRUCTION = /<\?.*?(?:\?>|$)/sy;
const DOCUMENT_TYPE = /<!DOCTYPE[^[>]*(?:\[[^\]]*(?:\][^>]*|$))?(?:>|$)/iy;
const CLOSING = /<\/([^\s<>/]+)\s*>/y;
const OPENING = /<([^\s<>/!?"'=]+)((?:\s+[^\s<>/"'=]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>/y;
const ATTRIBUTE = /([^\s<>/"'=]+)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/g;
const BEGUN = /<([^\s<>/!?"'=]+)/y;

const ENTITY = /&(?:(amp|lt|gt|quot|apos)|#(\d{1,7})|#[xX]([\da-fA-F]{1,6}));/g;
const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
const LAST_CODE_POINT = 0x10_ffff;

/** Tells a handler all that stands in an XML file, in order. */
export function scanXml(xml: string, handler: XmlHandler): void {
  let at = 0;
  const match = (pattern: RegExp) => {
    pattern.lastIndex = at;
    const found = pattern.exec(xml);
    if (found) at = pattern.lastIndex;
    return found;
  };
  const readText = (raw: string) => {
    const text = decoded(raw);
    if (text === null) handler.broken(null);
    else handler.text(text);
  };
  while (at < xml.length) {
    const next = xml.indexOf("<", at);
    if (next !== at) {
      const end = next < 0 ? xml.length : next;
      readText(xml.slice(at, end));
      at = end;
      continue;
    }
    if (match(COMMENT) || match(INSTRUCTION) || match(DOCUMENT_TYPE)) continue;
    const data = match(CDATA);
    if (data) {
      handler.text(data[1] ?? "");
      continue;
    }
    const closing = match(CLOSING);
    if (closing) {
      handler.close(localName(closing[1] ?? ""));
      continue;
    }
    const opening = match(OPENING);
    if (opening) {
      readTag(localName(opening[1] ?? ""), opening[2] ?? "", opening[3] === "/", handler);
      continue;
    }
    const begun = match(BEGUN);
    handler.broken(begun ? localName(begun[1] ?? "") : null);
    if (!begun) at += 1;
  }
}

function readTag(name: string, written: string, isEmpty: boolean, handler: XmlHandler): void {
  const attributes = new Map<string, string>();
  for (const [, attribute = "", quoted, quotedOnce] of written.matchAll(ATTRIBUTE)) {
    const value = decoded(quoted ?? quotedOnce ?? "");
    if (value === null || attributes.has(attribute)) {
      handler.broken(name);
      return;
    }
    attributes.set(attribute, value);
  }
  handler.open(name, attributes);
  if (isEmpty) handler.close(name);
}

/** A text with its entities put in; null where one is unknown, or an ampersand stands alone. */
function decoded(raw: string): string | null {
  if (!raw.includes("&")) return raw;
  if (raw.replace(ENTITY, "").includes("&")) return null;
  let isKnown = true;
  const text = raw.replace(ENTITY, (_, named?: string, decimal?: string, hexadecimal?: string) => {
    if (named !== undefined) return NAMED[named] ?? "";
    const code = decimal === undefined ? Number.parseInt(hexadecimal ?? "", 16) : Number.parseInt(decimal, 10);
    if (code > 0 && code <= LAST_CODE_POINT) return String.fromCodePoint(code);
    isKnown = false;
    return "";
  });
  return isKnown ? text : null;
}

function localName(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}
