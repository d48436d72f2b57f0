/** Whom one calls in an emergency; it stays on this device. */
import { read, write } from "./storage";

const NUMBER = "cavalcade.emergency.number";
const CONTACT = "cavalcade.emergency.contact";
/** 112 is answered in most of the world; these are where the telephone does not know it everywhere. */
const NUMBERS: Readonly<Record<string, string>> = { US: "911", CA: "911", AU: "000", NZ: "111", JP: "119", BR: "192" };
const EVERYWHERE = "112";
const MOST_DIGITS = 20;

/** The number to call: chosen on this device, else by the first region that its languages name. */
export function emergencyNumber(languages: readonly string[]): string {
  const chosen = read("device", NUMBER);
  if (chosen) return chosen;
  const region = /-([A-Z]{2})\b/.exec(languages.find((one) => /-[A-Z]{2}\b/.test(one)) ?? "")?.[1] ?? "";
  return NUMBERS[region] ?? EVERYWHERE;
}

export function rememberEmergencyNumber(number: string): void {
  write("device", NUMBER, dialled(number) || null);
}

/** The number that a message of distress goes to; empty where none was given. */
export function emergencyContact(): string {
  return read("device", CONTACT) ?? "";
}

export function rememberEmergencyContact(number: string): void {
  write("device", CONTACT, dialled(number) || null);
}

/** What of a number can be dialled. */
export function dialled(number: string): string {
  return number.replace(/(?!^\+)[^\d]/g, "").slice(0, MOST_DIGITS);
}
