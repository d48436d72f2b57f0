/** Fixes taken while the connection was away, thinned out and bounded, to be sent when it is back. */
import type { KeptList } from "../memory/kept";
import type { Fix } from "../model/model";

/** Fewer than the 500 that one `fixes:send` takes: as JSON they must also fit into a frame of 64 kB. */
const MOST = 300;
const APART_MS = 5_000;

export class FixBacklog {
  private fixes: readonly Fix[];

  constructor(private readonly shelf: KeptList<Fix>) {
    this.fixes = shelf.read();
  }

  /** What is kept, the oldest first. */
  get kept(): readonly Fix[] {
    return this.fixes;
  }

  /** Keeps a fix, unless one was kept a moment ago; when full, every second one goes, so that the whole way remains. */
  add(fix: Fix): void {
    const last = this.fixes.at(-1);
    if (last && Math.abs(fix.fix_time - last.fix_time) < APART_MS) return;
    const all = [...this.fixes, fix];
    this.keep(all.length > MOST ? all.filter((_, index) => index % 2 === 0) : all);
  }

  /** Drops what has arrived: everything up to a time. */
  drop(untilFixTime: number): void {
    this.keep(this.fixes.filter((fix) => fix.fix_time > untilFixTime));
  }

  /** Gives each fix another time, where that is known better now. */
  settle(settled: (fix: Fix) => Fix): void {
    this.keep(this.fixes.map(settled));
  }

  clear(): void {
    this.keep([]);
  }

  private keep(fixes: readonly Fix[]): void {
    if (fixes.length === 0 && this.fixes.length === 0) return;
    this.fixes = fixes;
    this.shelf.write(fixes);
  }
}
