/** A platform's own words in a sentence of ours: one line, not too long, and without what looks like a token. */
import { clean } from "./markup.ts";

const LENGTH_MAX = 200;

export const quoted = (text: string): string =>
  clean(text)
    .replaceAll(/[A-Za-z0-9+/=_-]{40,}/g, "…")
    .replaceAll(/\s+/gu, " ")
    .trim()
    .slice(0, LENGTH_MAX)
    .replace(/[.\ud800-\udbff]$/, "");
