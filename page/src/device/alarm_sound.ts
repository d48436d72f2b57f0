/** Sounds of an alarm, and vibration where there is one. A browser lets a page sound only after a first touch. */

let context: AudioContext | null = null;

/** Gets the sound ready; from a touch. */
export function prime(): void {
  try {
    context ??= new AudioContext();
    void context.resume().catch(() => undefined);
  } catch {
    // Without sound there are the screen and the voice.
  }
}

const HIGH_HZ = 1_050;
const LOW_HZ = 780;
const STEP_S = 0.35;

/** Sounds the alarm for so long; returns what stops it. */
export function soundAlarm(lastsMs: number): () => void {
  prime();
  const steps = Math.floor(lastsMs / 1_000 / STEP_S);
  const stops = Array.from({ length: steps }, (_, step) =>
    tone(step % 2 === 0 ? HIGH_HZ : LOW_HZ, step * STEP_S, STEP_S * 0.9, 0.5),
  );
  const pattern = Array.from({ length: Math.floor(lastsMs / 1_000) }, () => [600, 400]).flat();
  vibrate(pattern);
  return () => {
    for (const stop of stops) stop();
    vibrate([0]);
  };
}

/** One second of the countdown. */
export function tick(): void {
  tone(LOW_HZ, 0, 0.12, 0.3);
  vibrate([80]);
}

function tone(frequency: number, after: number, lasts: number, volume: number): () => void {
  if (!context) return () => undefined;
  const from = context.currentTime + after;
  const oscillator = context.createOscillator();
  const gain = context.createGain();
  oscillator.frequency.value = frequency;
  gain.gain.value = volume;
  oscillator.connect(gain).connect(context.destination);
  oscillator.start(from);
  oscillator.stop(from + lasts);
  return () => oscillator.disconnect();
}

function vibrate(pattern: number[]): void {
  try {
    navigator.vibrate?.(pattern);
  } catch {
    // Then it does not.
  }
}
