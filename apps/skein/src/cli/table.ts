/** Columns of text, aligned by what a terminal shows. */

export function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...lines.map((line) => Math.min(width(line[column] ?? ""), COLUMN_MAX))),
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

const shorten = (cell: string): string =>
  width(cell) <= COLUMN_MAX ? cell : `${[...cell].slice(0, COLUMN_MAX - 1).join("")}…`;

const pad = (cell: string, to: number): string => cell + " ".repeat(Math.max(0, to - width(cell)));

const width = (cell: string): number => [...cell].length;
