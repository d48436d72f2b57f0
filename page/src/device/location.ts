/** This device's position, from the browser, as often as its movement and its battery call for. */

import type { Fix } from "../model/model";
import { fixOf } from "../model/reading";
import { follow, type Pace, paceFor, type Whereabouts } from "./location_pace";
import { RateGate } from "./rate_gate";

/**
 * Browsers may report changes alone. Who stands still is asked for afresh after so long, with the time that the
 * browser then gives: in a tunnel it knows no newer one, and nobody should be shown as if it did.
 */
const ASK_AGAIN_MS = 15_000;
const LOOK_MS = 5_000;
const TIMEOUT_MS = 30_000;
const FIRST_PACE = paceFor({ speed: Number.POSITIVE_INFINITY, stillFor: 0 });

export type LocationState = "off" | "asking" | "on" | "refused" | "unavailable" | "insecure" | "unsupported";

export class LocationSource {
  private watch: number | null = null;
  private askAgain: ReturnType<typeof setInterval> | null = null;
  private lastFixAt = Number.NEGATIVE_INFINITY;
  private watchedSince = 0;
  private current: LocationState = "off";
  /** Some browsers never call a watch back after its first error. */
  private hasFailed = false;
  private readonly gate: RateGate<Fix>;
  private pace: Pace = FIRST_PACE;
  private whereabouts: Whereabouts | null = null;
  private battery: { readonly percent: number; readonly isCharging: boolean } | null = null;
  private batteryWatched: Promise<void> | null = null;

  /**
   * @param timeOf - When a reading was taken, on the server's clock, by the stamp that the browser gives it.
   * @param onFix - Given fixes whose `fix_time` is on the server's clock.
   */
  constructor(
    private readonly timeOf: (stamp: number) => number,
    onFix: (fix: Fix) => void,
    private readonly onState: (state: LocationState) => void,
  ) {
    this.gate = new RateGate(FIRST_PACE.intervalMs, onFix);
  }

  get state(): LocationState {
    return this.current;
  }

  /** Starts watching; the browser asks for permission now if it has not before. */
  start(): void {
    if (this.watch !== null) return;
    if (!window.isSecureContext) {
      this.become("insecure");
      return;
    }
    if (!("geolocation" in navigator)) {
      this.become("unsupported");
      return;
    }
    this.become("asking");
    this.beginWatch();
    this.askAgain = setInterval(() => {
      const isSilent = performance.now() - Math.max(this.lastFixAt, this.watchedSince) >= ASK_AGAIN_MS;
      // Another question beside a watch is answered with the watch's next change, so the watch itself begins again.
      // Without an error a person may still be thinking about the browser's question.
      const mayAsk = this.current !== "asking" || this.hasFailed;
      if (isSilent && mayAsk && document.visibilityState === "visible") this.beginWatch();
    }, LOOK_MS);
    this.batteryWatched ??= this.watchBattery();
  }

  stop(): void {
    if (this.watch !== null) navigator.geolocation.clearWatch(this.watch);
    if (this.askAgain !== null) clearInterval(this.askAgain);
    this.watch = null;
    this.askAgain = null;
    this.whereabouts = null;
    this.gate.clear();
    this.become("off");
  }

  private beginWatch(): void {
    if (this.watch !== null) navigator.geolocation.clearWatch(this.watch);
    this.watchedSince = performance.now();
    this.watch = navigator.geolocation.watchPosition(
      (reading) => this.accept(reading),
      (error) => this.failed(error),
      { enableHighAccuracy: this.pace.isPrecise, maximumAge: 0, timeout: TIMEOUT_MS },
    );
  }

  private accept(reading: GeolocationPosition): void {
    if (this.watch === null) return;
    // Without a place the receiver is still looking for one: it will be asked again.
    const fix = fixOf(reading.coords, this.timeOf(reading.timestamp), this.battery?.percent);
    if (fix === null) return;
    this.hasFailed = false;
    const now = performance.now();
    // A receiver that says something this seldom is not made to wait as well: nobody should look older than they are.
    const isRare = now - this.lastFixAt >= ASK_AGAIN_MS;
    this.lastFixAt = now;
    this.become("on");
    this.whereabouts = follow(this.whereabouts, fix);
    this.adapt(this.whereabouts);
    this.gate.offer(fix, isRare);
  }

  private adapt({ speed, movedAt, last }: Whereabouts): void {
    const { percent: battery, isCharging } = this.battery ?? {};
    const wasPrecise = this.pace.isPrecise;
    this.pace = paceFor({ speed, stillFor: last.fix_time - movedAt, battery, isCharging });
    this.gate.interval = this.pace.intervalMs;
    if (this.pace.isPrecise !== wasPrecise) this.beginWatch();
  }

  private failed(error: GeolocationPositionError): void {
    if (this.watch === null) return;
    this.hasFailed = true;
    if (error.code === error.PERMISSION_DENIED) {
      this.stop();
      this.become("refused");
    } else if (performance.now() - this.lastFixAt > 2 * ASK_AGAIN_MS) {
      // A tunnel or a slow receiver: the watch goes on, and the next fix clears this.
      this.become("unavailable");
    }
  }

  private become(state: LocationState): void {
    if (state === this.current) return;
    this.current = state;
    this.onState(state);
  }

  private async watchBattery(): Promise<void> {
    const source = navigator as Navigator & { getBattery?: () => Promise<BatteryManager> };
    const battery = await source.getBattery?.().catch(() => undefined);
    if (!battery) return;
    const read = () => {
      this.battery = { percent: Math.round(battery.level * 100), isCharging: battery.charging };
    };
    read();
    battery.addEventListener("levelchange", read);
    battery.addEventListener("chargingchange", read);
  }
}

/** Known to Chromium alone. */
interface BatteryManager extends EventTarget {
  readonly level: number;
  readonly charging: boolean;
}
