/** Frames whose bytes follow from their position, so that a reader can tell every wrong byte. */
import type { StoredFrame } from "@skein/node";
import { createHash } from "node:crypto";

export const BATCH_FRAMES = 5;

export function frameAt(position: number, length: number = 40 + ((position * 97) % 900)): StoredFrame {
  const seed = createHash("sha256").update(`frame ${position}`).digest();
  return {
    position,
    bytes: Uint8Array.from({ length }, (_, index) => (seed[index % seed.length] ?? 0) ^ (index >> 5)),
  };
}

export const framesFrom = (first: number, count: number): readonly StoredFrame[] =>
  Array.from({ length: count }, (_, offset) => frameAt(first + offset));

export const batchAfter = (position: number): readonly StoredFrame[] => framesFrom(position + 1, BATCH_FRAMES);

/** One text for all positions and bytes; a hundred times faster to compare than the arrays. */
export function fingerprint(frames: Iterable<StoredFrame>): string {
  const hash = createHash("sha256");
  for (const { position, bytes } of frames) hash.update(`${position} ${bytes.length} `).update(bytes);
  return hash.digest("hex");
}
