/** What somebody chose for this browser: colours and whether single keys act. Kept in the browser, for all its tabs. */
import { effect, type Signal, signal } from "@preact/signals";

export const THEMES = ["system", "light", "dark"] as const;

export type Theme = (typeof THEMES)[number];

const STORAGE_KEYS = { theme: "skein.theme", singleKeys: "skein.single-keys" } as const;

export const theme: Signal<Theme> = signal(THEMES.find((one) => one === kept("theme")) ?? "system");

/** Off for those whose fingers, or whose voice control, press keys by accident. */
export const singleKeys: Signal<boolean> = signal(kept("singleKeys") !== "off");

/** Puts the choices into effect and keeps them; once, at the start. */
export function followPreferences(): void {
  effect(() => {
    document.documentElement.dataset["theme"] = theme.value;
    keep("theme", theme.value);
  });
  effect(() => keep("singleKeys", singleKeys.value ? "on" : "off"));
}

// A browser may forbid the page to keep anything; the choice then holds for as long as the page is open.
function kept(what: keyof typeof STORAGE_KEYS): string | undefined {
  try {
    return localStorage.getItem(STORAGE_KEYS[what]) ?? undefined;
  } catch {
    return undefined;
  }
}

function keep(what: keyof typeof STORAGE_KEYS, value: string): void {
  try {
    localStorage.setItem(STORAGE_KEYS[what], value);
  } catch {
    // As above.
  }
}
