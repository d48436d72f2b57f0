/**
 * What the app hands over when it opens the full map: who this person is, behind the link in the fragment.
 *
 * It is taken from the fragment alone, which no server is sent, and leaves the address before anything else happens: what
 * stands there may be copied, kept by the browser, or seen over a shoulder.
 */

const TOKEN = /&as=([A-Za-z0-9_-]{20,200})$/;

let handed: string | null = null;

/** Takes the token out of the address, and keeps it until it is asked for. */
export function liftToken(): void {
  const found = TOKEN.exec(location.hash);
  if (!found?.[1]) return;
  handed = found[1];
  const { pathname, search, hash } = location;
  history.replaceState(history.state, "", pathname + search + hash.slice(0, found.index));
}

/** The token that was lifted, once; null where none was. */
export function takeToken(): string | null {
  const token = handed;
  handed = null;
  return token;
}
