/**
 * Finds the fenced code blocks of a Markdown text, by CommonMark's rules: a fence is three or more backticks or tildes,
 * indented by at most three spaces, and ends with at least as many of the same. So a block may show another block inside
 * a longer fence, and a `skein` block that is only quoted in a `markdown` block is not acted on.
 */
export interface Fence {
  /** Everything after the opening backticks, trimmed. */
  readonly info: string;
  /** The lines between, each ended by a line feed. */
  readonly text: string;
  /** Line of the opening fence, from 1. */
  readonly line: number;
  readonly closed: boolean;
}

interface Open {
  readonly indent: number;
  readonly marker: string;
  readonly info: string;
  readonly line: number;
  readonly lines: string[];
}

const OPENING = /^( {0,3})(`{3,}|~{3,})(.*)$/;

export function findFences(text: string): readonly Fence[] {
  const fences: Fence[] = [];
  let open: Open | undefined;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (open === undefined) {
      open = opening(line, index + 1);
    } else if (isClosing(line, open.marker)) {
      fences.push(toFence(open, true));
      open = undefined;
    } else {
      open.lines.push(unindent(line, open.indent));
    }
  }
  if (open !== undefined) fences.push(toFence(open, false));
  return fences;
}

function opening(line: string, number: number): Open | undefined {
  const [, indent, marker, info] = OPENING.exec(line) ?? [];
  if (indent === undefined || marker === undefined || info === undefined) return undefined;
  // Backticks after backticks are inline code, not a fence.
  if (marker.startsWith("`") && info.includes("`")) return undefined;
  return { indent: indent.length, marker, info: info.trim(), line: number, lines: [] };
}

function isClosing(line: string, marker: string): boolean {
  const fence = /^ {0,3}(`{3,}|~{3,})[ \t]*$/.exec(line)?.[1];
  return fence !== undefined && fence.startsWith(marker);
}

function unindent(line: string, indent: number): string {
  const spaces = /^ */.exec(line)?.[0].length ?? 0;
  return line.slice(Math.min(spaces, indent));
}

function toFence(open: Open, closed: boolean): Fence {
  return { info: open.info, text: open.lines.map((line) => `${line}\n`).join(""), line: open.line, closed };
}
