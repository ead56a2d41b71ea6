/** Columns of text, aligned by what a terminal shows. */
import { cutTo, widthOf } from "../text-width.ts";

export function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...lines.map((line) => Math.min(widthOf(line[column] ?? ""), COLUMN_MAX))),
  );
  return [head, ...lines]
    .map((line) =>
      line
        .map((cell, column) => pad(shorten(cell), widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

const COLUMN_MAX = 60;

const shorten = (cell: string): string => (widthOf(cell) <= COLUMN_MAX ? cell : `${cutTo(cell, COLUMN_MAX - 1)}…`);

const pad = (cell: string, to: number): string => cell + " ".repeat(Math.max(0, to - widthOf(cell)));
