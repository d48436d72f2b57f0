/** Keeps the screen awake while positions are shared, where the browser can: it stops giving them to a dark page. */
/** Whether this browser can keep the screen on at all. */
export function canKeepAwake(): boolean {
  return "wakeLock" in navigator;
}

export class WakeLock {
  private wanted = false;
  private lock: WakeLockSentinel | null = null;

  constructor() {
    // The browser releases the lock with every hiding of the page.
    document.addEventListener("visibilitychange", () => void this.apply());
  }

  set(wanted: boolean): void {
    if (wanted === this.wanted) return;
    this.wanted = wanted;
    void this.apply();
  }

  private async apply(): Promise<void> {
    if (!this.wanted) {
      await this.lock?.release();
      this.lock = null;
      return;
    }
    if (document.visibilityState !== "visible" || (this.lock && !this.lock.released)) return;
    // Refused on low battery or where it is not known: the screen then goes dark as it always does.
    this.lock = (await navigator.wakeLock?.request("screen").catch(() => null)) ?? null;
    if (!this.wanted) await this.lock?.release();
  }
}
