/** The name, theme, language, units, motion and sensitivity that were chosen last on this device, and what was said on it once. */
import { read, write } from "./storage";

const NOTED = "cavalcade.noted.";
const NAME = "cavalcade.name";
const THEME = "cavalcade.theme";
const LANGUAGE = "cavalcade.language";
const UNITS = "cavalcade.units";
const MOTION = "cavalcade.motion";
const SENSITIVITY = "cavalcade.sensitivity";

/** Whether something was said once on this device and need not be said again. */
export function isNoted(note: string): boolean {
  return read("device", NOTED + note) !== null;
}

export function note(what: string): void {
  write("device", NOTED + what, "yes");
}

export function forgetNote(what: string): void {
  write("device", NOTED + what, null);
}

export function recallName(): string {
  return read("device", NAME) ?? "";
}

export function rememberName(name: string): void {
  write("device", NAME, name || null);
}

export function recallTheme(): string | null {
  return read("device", THEME);
}

export function rememberTheme(theme: string | null): void {
  write("device", THEME, theme);
}

export function recallLanguage(): string | null {
  return read("device", LANGUAGE);
}

export function rememberLanguage(language: string): void {
  write("device", LANGUAGE, language);
}

export function recallUnits(): string | null {
  return read("device", UNITS);
}

export function rememberUnits(units: string): void {
  write("device", UNITS, units);
}

export function recallMotion(): string | null {
  return read("device", MOTION);
}

export function rememberMotion(motion: string): void {
  write("device", MOTION, motion);
}

export function recallSensitivity(): string | null {
  return read("device", SENSITIVITY);
}

export function rememberSensitivity(sensitivity: string): void {
  write("device", SENSITIVITY, sensitivity);
}
