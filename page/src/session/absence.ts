/** How long this device gave no position because its page was in the background. */
import { STALE_MS } from "./staleness";

/** An absence that others notice: by then a position counts as stale. */
const AWAY_MS = STALE_MS;

export class Absence {
  /** The last one that others noticed, in milliseconds; 0 for none. */
  lasted = 0;
  /** When the page went into the background, on the server's clock and on the device's two. */
  private hidden: { readonly at: number; readonly steady: number; readonly wall: number } | null = null;

  /**
   * The page came into sight or went out of it.
   *
   * @param now - On the server's clock, as `newestFix` is: when the newest fix was taken, 0 for none.
   */
  note(isSeen: boolean, isSharing: boolean, now: number, newestFix: number): void {
    const steady = performance.now();
    const wall = Date.now();
    const { hidden } = this;
    if (!isSeen) {
      this.hidden = isSharing ? { at: now, steady, wall } : null;
      return;
    }
    this.hidden = null;
    if (!hidden || !isSharing) return;
    // Where the device slept, the steady clock may have stood still, and the server was not heard yet.
    const slept = Math.max(0, wall - hidden.wall - (steady - hidden.steady));
    // Some browsers go on giving positions for a while, and desktops often do.
    const absence = now + slept - Math.max(hidden.at, newestFix);
    if (absence >= AWAY_MS) this.lasted = absence;
  }
}
