/** Light or dark: the system's, or the one chosen here. */
import { recallTheme, rememberTheme } from "../memory/preferences";

export type Theme = "light" | "dark";
export type ThemeChoice = Theme | "system";

const dark = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<(theme: Theme) => void>();

export function themeChoice(): ThemeChoice {
  const chosen = recallTheme();
  return chosen === "light" || chosen === "dark" ? chosen : "system";
}

export function theme(): Theme {
  const choice = themeChoice();
  return choice === "system" ? (dark.matches ? "dark" : "light") : choice;
}

export function chooseTheme(choice: ThemeChoice): void {
  rememberTheme(choice === "system" ? null : choice);
  applyTheme();
}

export function onThemeChange(listener: (theme: Theme) => void): void {
  listeners.add(listener);
}

/** Puts the theme on the document; called once at the start and after every change. */
export function applyTheme(): void {
  document.documentElement.dataset.theme = theme();
  for (const listener of listeners) listener(theme());
}

dark.addEventListener("change", applyTheme);
