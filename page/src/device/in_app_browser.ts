/**
 * Browsers inside messengers: many give no location, forget everything when they are closed, and are closed by the
 * next tap. What they call themselves is all there is to know them by.
 */

const MARKS: readonly (readonly [RegExp, string])[] = [
  [/\bFBAN\/|\bFBAV\/|\bFB_IAB\//, "Facebook"],
  [/\bInstagram\b/, "Instagram"],
  [/\bLine\//, "LINE"],
  [/\bMicroMessenger\//, "WeChat"],
  [/\bWhatsApp\//, "WhatsApp"],
  [/\bTelegram/, "Telegram"],
  [/\bSnapchat\b/, "Snapchat"],
  [/\bBytedanceWebview\b|\bmusical_ly\b|\btrill_/i, "TikTok"],
  [/\bLinkedInApp\b/, "LinkedIn"],
  [/\bTwitter\b/, "X"],
  [/\bViber\b/, "Viber"],
];

/** Android says of itself that a page is shown inside an app, whichever it is. */
const ANDROID_WEB_VIEW = /\bAndroid\b.*;\s?wv\)/;

/** The app whose own browser this is; empty where it is one without a name, null for a browser of its own. */
export function inAppBrowser(userAgent: string): string | null {
  const mark = MARKS.find(([pattern]) => pattern.test(userAgent));
  return mark?.[1] ?? (ANDROID_WEB_VIEW.test(userAgent) ? "" : null);
}

/**
 * An address that opens the phone's browser in place of the app's, where one is known to do so: Android only.
 *
 * @param address - The whole address, its fragment with the code included.
 */
export function addressForBrowser(userAgent: string, address: string): string | null {
  if (!/\bAndroid\b/.test(userAgent)) return null;
  const { protocol, host, pathname, search, hash } = new URL(address);
  // Android splits at the last `#`, so the link's own fragment stays a part of the address.
  return `intent://${host}${pathname}${search}${hash}#Intent;scheme=${protocol.slice(0, -1)};end`;
}
