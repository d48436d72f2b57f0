/** Fixes taken while the connection was away, thinned out and bounded, to be sent when it is back. */
import type { Fix } from "./model";

/** Fewer than the 500 that one `fixes:send` takes: as JSON they must also fit into a frame of 64 kB. */
const MOST = 300;
const APART_MS = 5_000;

export class FixBacklog {
  private fixes: Fix[] = [];

  /** Keeps a fix, unless one was kept a moment ago; when full, every second one goes, so that the whole way remains. */
  add(fix: Fix): void {
    const last = this.fixes.at(-1);
    if (last && fix.fix_time - last.fix_time < APART_MS) return;
    this.fixes.push(fix);
    if (this.fixes.length > MOST) this.fixes = this.fixes.filter((_, index) => index % 2 === 0);
  }

  /** Gives what was kept, the oldest first, and keeps nothing of it. */
  take(): Fix[] {
    const taken = this.fixes;
    this.fixes = [];
    return taken;
  }
}
