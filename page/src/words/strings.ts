/**
 * What the page says, in the language of who reads it.
 *
 * The words lie beside the Python sources, since the app says the same ones. English comes with the shell, so that
 * there is always something to say; any other language is fetched when it is wanted.
 */
import en from "../../../src/cavalcade/strings/en.json";
import { recallLanguage, rememberLanguage } from "../memory/preferences";

export type Key = keyof typeof en;
export type Language = "en" | "de" | "es" | "fr";

type Forms = Partial<Record<Intl.LDMLPluralRule, string>>;
type Words = Readonly<Record<Key, string | Forms>>;

const LOADERS: Readonly<Record<Exclude<Language, "en">, () => Promise<{ default: Words }>>> = {
  de: () => import("../../../src/cavalcade/strings/de.json"),
  es: () => import("../../../src/cavalcade/strings/es.json"),
  fr: () => import("../../../src/cavalcade/strings/fr.json"),
};

/** The languages that there are, English first. */
export const LANGUAGES: readonly Language[] = ["en", "de", "es", "fr"];

let current: Language = "en";
let words: Words = en;
let currentLocale = "en";
let plurals = new Intl.PluralRules("en");
let numbers = new Map<number, Intl.NumberFormat>();

export function language(): Language {
  return current;
}

/** The language with its region, where the device names one: for numbers and times. */
export function locale(): string {
  return currentLocale;
}

/** A number as the reader writes it, with at most so many digits after the point; the region counts too, as in `de-CH`. */
export function formatNumber(value: number, digits = 0): string {
  const format = numbers.get(digits) ?? new Intl.NumberFormat(currentLocale, { maximumFractionDigits: digits });
  numbers.set(digits, format);
  return format.format(value);
}

/**
 * Says something.
 *
 * @param values - What stands in for the `{names}` in it; `count` also chooses between singular and plural.
 */
export function say(key: Key, values: Readonly<Record<string, string | number>> = {}): string {
  const entry = words[key];
  const text = typeof entry === "string" ? entry : (entry[plurals.select(Number(values.count))] ?? entry.other ?? "");
  return text.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`${key} needs ${name}`);
    return typeof value === "number" ? formatNumber(value) : isolate(value);
  });
}

const RIGHT_TO_LEFT = /[\u0590-\u08ff\u200f\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** A name that is written from the right keeps its direction to itself, and what stands around it stays where it is. */
function isolate(value: string): string {
  return RIGHT_TO_LEFT.test(value) ? `\u2068${value}\u2069` : value;
}

/** The language chosen by hand, else the first of the device's that there is, else English. */
export function preferredLanguage(chosen: string | null, preferred: readonly string[]): Language {
  const wanted = [chosen ?? "", ...preferred].map((one) => one.toLowerCase().split("-")[0]);
  return LANGUAGES.find((one) => one === wanted.find((code) => LANGUAGES.some((known) => known === code))) ?? "en";
}

/** Takes the language that the reader wants; where its words do not arrive, English stays. */
export async function loadLanguage(): Promise<void> {
  await use(preferredLanguage(recallLanguage(), navigator.languages));
}

/** Changes the language, and remembers it on this device. */
export async function chooseLanguage(chosen: Language): Promise<void> {
  rememberLanguage(chosen);
  await use(chosen);
}

/** A language by its own name: "Deutsch". */
export function languageName(code: Language): string {
  const name = new Intl.DisplayNames([code], { type: "language" }).of(code) ?? code;
  return name.charAt(0).toLocaleUpperCase(code) + name.slice(1);
}

async function use(wanted: Language): Promise<void> {
  const loaded =
    wanted === "en"
      ? en
      : await LOADERS[wanted]().then(
          (module) => module.default,
          () => null,
        );
  current = loaded ? wanted : "en";
  words = loaded ?? en;
  currentLocale = navigator.languages.find((one) => one.toLowerCase().split("-")[0] === current) ?? current;
  plurals = new Intl.PluralRules(current);
  numbers = new Map();
  document.documentElement.lang = current;
  document.documentElement.dir = say("language.direction");
}
