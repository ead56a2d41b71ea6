/** Lines of text with meaning instead of colors; how they look is decided where they are painted. Pure. */
import { printable } from "../log-output.ts";
import { cutTo, widthOf } from "../text-width.ts";

/** `node:` and a name is that node's own color, so that a person can follow it over the whole screen. */
export type Tone = "plain" | "dim" | "strong" | "good" | "warn" | "bad" | `node:${string}`;

export interface Span {
  readonly text: string;
  readonly tone: Tone;
}

export type Line = readonly Span[];

export const plain = (text: string): Span => ({ text, tone: "plain" });
export const dim = (text: string): Span => ({ text, tone: "dim" });
export const strong = (text: string): Span => ({ text, tone: "strong" });
export const good = (text: string): Span => ({ text, tone: "good" });
export const warn = (text: string): Span => ({ text, tone: "warn" });
export const bad = (text: string): Span => ({ text, tone: "bad" });
export const node = (name: string, text: string = name): Span => ({ text, tone: `node:${name}` });

export interface Paint {
  /** Undefined for no limit. */
  readonly columns: number | undefined;
  readonly color: boolean;
  /** The nodes in order, for their colors. */
  readonly names: readonly string[];
}

export function paint(line: Line, { columns, color, names }: Paint): string {
  const safe = line.map(({ text, tone }) => ({ text: printable(text), tone }));
  const fitting = columns === undefined ? safe : truncate(safe, columns);
  return fitting.map(({ text, tone }) => (color ? colored(text, tone, names) : text)).join("");
}

export const lengthOf = (line: Line): number => line.reduce((sum, { text }) => sum + widthOf(text), 0);

/** Cut to the columns, with an ellipsis where something is missing. */
export function truncate(line: Line, columns: number): Line {
  if (columns < 1) return [];
  if (lengthOf(line) <= columns) return line;
  let left = columns - 1;
  const kept: Span[] = [];
  for (const span of line) {
    const text = cutTo(span.text, left);
    kept.push({ ...span, text });
    if (text !== span.text) break;
    left -= widthOf(text);
  }
  return [...kept, dim("…")];
}

/** Exactly this wide: cut or filled with spaces. */
export function fit(span: Span, width: number): Span {
  const text = truncate([span], width)
    .map((part) => part.text)
    .join("");
  return { ...span, text: text + " ".repeat(Math.max(0, width - widthOf(text))) };
}

const CODES: Readonly<Record<string, string>> = { dim: "2", strong: "1", good: "32", warn: "33", bad: "31" };

/** Told apart on dark and on light terminals: cyan, magenta, blue, yellow, green, and their bright ones. */
const NODE_CODES = ["36", "35", "34", "33", "32", "96", "95", "94"] as const;

function colored(text: string, tone: Tone, names: readonly string[]): string {
  const code = tone.startsWith("node:") ? nodeCode(tone.slice("node:".length), names) : CODES[tone];
  return code === undefined || text === "" ? text : `\u001b[${code}m${text}\u001b[0m`;
}

function nodeCode(name: string, names: readonly string[]): string | undefined {
  const index = names.indexOf(name);
  return index < 0 ? undefined : NODE_CODES[index % NODE_CODES.length];
}
