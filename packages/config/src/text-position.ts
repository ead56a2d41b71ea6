/** Turns offsets in a text into lines and columns, both from 1. */

export interface TextPosition {
  readonly line: number;
  readonly column: number;
}

/** Offsets beyond the text count as its end. */
export function createPositionFinder(text: string): (offset: number) => TextPosition {
  const lineStarts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) lineStarts.push(at + 1);
  return (offset) => {
    const bounded = Math.min(Math.max(offset, 0), text.length);
    let low = 0;
    let high = lineStarts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((lineStarts[middle] ?? 0) <= bounded) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: bounded - (lineStarts[low] ?? 0) + 1 };
  };
}
