/** This device's position, from the browser, at most one fix a second. */
import type { Fix } from "./model";
import { RateGate } from "./rate_gate";

const INTERVAL_MS = 1_000;
/**
 * Browsers may report changes alone. Who stands still is asked for afresh after so long, with the time that the
 * browser then gives: in a tunnel it knows no newer one, and nobody should be shown as if it did.
 */
const ASK_AGAIN_MS = 15_000;
const LOOK_MS = 5_000;
const OPTIONS: PositionOptions = { enableHighAccuracy: true, maximumAge: 0, timeout: 30_000 };

export type LocationState = "off" | "asking" | "on" | "refused" | "unavailable" | "insecure" | "unsupported";

export class LocationSource {
  private watch: number | null = null;
  private askAgain: ReturnType<typeof setInterval> | null = null;
  private lastFixAt = 0;
  private watchedSince = 0;
  private current: LocationState = "off";
  private readonly gate: RateGate<Fix>;
  private battery: number | undefined;
  private batteryWatched: Promise<void> | null = null;

  /** @param onFix - Given fixes whose `fix_time` is on this device's clock. */
  constructor(
    onFix: (fix: Fix) => void,
    private readonly onState: (state: LocationState) => void,
  ) {
    this.gate = new RateGate(INTERVAL_MS, onFix);
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
      const isSilent = Date.now() - Math.max(this.lastFixAt, this.watchedSince) >= ASK_AGAIN_MS;
      // Another question beside a watch is answered with the watch's next change, so the watch itself begins anew.
      if (isSilent && this.current === "on" && document.visibilityState === "visible") this.beginWatch();
    }, LOOK_MS);
    this.batteryWatched ??= this.watchBattery();
  }

  stop(): void {
    if (this.watch !== null) navigator.geolocation.clearWatch(this.watch);
    if (this.askAgain !== null) clearInterval(this.askAgain);
    this.watch = null;
    this.askAgain = null;
    this.gate.clear();
    this.become("off");
  }

  private beginWatch(): void {
    if (this.watch !== null) navigator.geolocation.clearWatch(this.watch);
    this.watchedSince = Date.now();
    this.watch = navigator.geolocation.watchPosition(
      (reading) => this.accept(reading),
      (error) => this.failed(error),
      OPTIONS,
    );
  }

  private accept(reading: GeolocationPosition): void {
    if (this.watch === null) return;
    this.lastFixAt = Date.now();
    this.become("on");
    this.gate.offer(toFix(reading, this.battery));
  }

  private failed(error: GeolocationPositionError): void {
    if (this.watch === null) return;
    if (error.code === error.PERMISSION_DENIED) {
      this.stop();
      this.become("refused");
    } else if (Date.now() - this.lastFixAt > 2 * ASK_AGAIN_MS) {
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
    const source = navigator as Navigator & { getBattery?: () => Promise<{ level: number } & EventTarget> };
    const battery = await source.getBattery?.().catch(() => undefined);
    if (!battery) return;
    const read = () => {
      this.battery = Math.round(battery.level * 100);
    };
    read();
    battery.addEventListener("levelchange", read);
  }
}

function toFix(reading: GeolocationPosition, battery: number | undefined): Fix {
  const { latitude, longitude, accuracy, speed, heading, altitude } = reading.coords;
  return {
    lat: latitude,
    lon: longitude,
    fix_time: reading.timestamp,
    ...(Number.isFinite(accuracy) && { accuracy }),
    ...(speed !== null && Number.isFinite(speed) && { speed }),
    ...(heading !== null && Number.isFinite(heading) && { heading }),
    ...(altitude !== null && Number.isFinite(altitude) && { altitude }),
    ...(battery !== undefined && { battery }),
  };
}
