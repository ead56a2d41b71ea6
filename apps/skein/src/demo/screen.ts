/**
 * Draws a picture over the one before it, in place, below what the terminal already shows. The cursor is hidden meanwhile
 * and comes back whatever happens.
 */
import { type Line, lengthOf, paint } from "./line.ts";

export interface Screen {
  draw(lines: readonly Line[]): void;
  /** Leaves the last picture standing, with the cursor below it. */
  close(): void;
}

export interface ScreenOutput {
  readonly write: (text: string) => void;
  readonly columns: () => number;
  readonly color: boolean;
  readonly names: readonly string[];
}

const HIDE_CURSOR = "\u001b[?25l";
const SHOW_CURSOR = "\u001b[?25h";
const CLEAR_LINE_END = "\u001b[K";
const CLEAR_BELOW = "\u001b[J";

export function createScreen({ write, columns, color, names }: ScreenOutput): Screen {
  let drawn: readonly number[] = [];
  let isOpen = false;
  const showCursor = (): void => write(SHOW_CURSOR);
  return {
    draw: (lines) => {
      if (!isOpen) process.once("exit", showCursor);
      const width = columns() - 1;
      const painted = lines.map((line) => `${paint(line, { columns: width, color, names })}${CLEAR_LINE_END}\n`);
      write(`${isOpen ? "" : HIDE_CURSOR}${backTo(drawn, columns())}${painted.join("")}${CLEAR_BELOW}`);
      drawn = lines.map((line) => Math.min(lengthOf(line), width));
      isOpen = true;
    },
    close: () => {
      if (!isOpen) return;
      isOpen = false;
      drawn = [];
      process.off("exit", showCursor);
      showCursor();
    },
  };
}

/** To the first row of the last picture. A terminal that became narrower has broken its lines into more rows. */
export function backTo(lengths: readonly number[], columns: number): string {
  const rows = lengths.reduce((sum, length) => sum + Math.max(1, Math.ceil(length / Math.max(1, columns))), 0);
  return rows === 0 ? "" : `\u001b[${rows}A\r`;
}
