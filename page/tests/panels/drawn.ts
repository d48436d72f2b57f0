/** What a template says and listens to, without a browser. */

type Listener = (event: Event) => void;

interface Drawn {
  readonly strings: readonly string[];
  readonly values: readonly unknown[];
}

function isDrawn(value: unknown): value is Drawn {
  return typeof value === "object" && value !== null && "strings" in value && "values" in value;
}

/** The template's text, tags left out. */
export function textOf(template: unknown): string {
  return markup(template)
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ")
    .trim();
}

/** Its listeners in the order in which they stand. */
export function listenersOf(template: unknown): Listener[] {
  if (Array.isArray(template)) return template.flatMap(listenersOf);
  if (typeof template === "function") return [template as Listener];
  return isDrawn(template) ? template.values.flatMap(listenersOf) : [];
}

function markup(value: unknown): string {
  if (Array.isArray(value)) return value.map(markup).join("");
  if (typeof value === "string" || typeof value === "number") return String(value);
  if (!isDrawn(value)) return "";
  return value.strings.map((text, place) => text + markup(value.values[place])).join("");
}
