/** A piece of a file, and where the file ends. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/**
 * Up to `maxBytes` from `offset`: fewer only where the file ends. One read may bring fewer than that (POSIX read(2)), and
 * whoever asks for a piece takes a short one for the end.
 */
export function readPiece(
  path: string,
  offset: number,
  maxBytes: number,
): { readonly bytes: Uint8Array; readonly end: number } {
  const file = openSync(path, "r");
  try {
    const end = fstatSync(file).size;
    const from = Math.min(Math.max(Math.trunc(offset), 0), end);
    const bytes = new Uint8Array(Math.min(Math.max(Math.trunc(maxBytes), 0), end - from));
    let filled = 0;
    while (filled < bytes.byteLength) {
      const count = readSync(file, bytes, filled, bytes.byteLength - filled, from + filled);
      if (count === 0) break;
      filled += count;
    }
    return { bytes: bytes.subarray(0, filled), end };
  } finally {
    closeSync(file);
  }
}
