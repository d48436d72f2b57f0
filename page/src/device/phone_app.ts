/** The operator's own phone app, which can open a link where it is installed. */
import { type Link, pathOf } from "../net/link";

const SCHEME = "cavalcade";
const MARKS = { android: /\bAndroid\b/, ios: /\b(iPhone|iPad|iPod)\b/ };

/**
 * The address that opens a link in the app; null where the operator named none for this system. It cannot be known
 * whether it is installed.
 *
 * @param systems - Those with an app, as the server fills them into the page.
 * @param origin - The server's.
 */
export function addressForApp(userAgent: string, systems: string, origin: string, link: Link): string | null {
  const named = systems.split(" ");
  const isNamed = Object.entries(MARKS).some(([system, mark]) => named.includes(system) && mark.test(userAgent));
  if (!isNamed) return null;
  return `${SCHEME}://open${pathOf(link).replace("#", `?server=${encodeURIComponent(origin)}#`)}`;
}

/** Which systems have an app here, as the page was told. */
export function systemsWithApp(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="cavalcade-app"]')?.content ?? "";
}
