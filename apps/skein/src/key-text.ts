/**
 * A key as its file holds it: 32 bytes in hex and the CRC-32 of that hex, so that a flipped digit does not make another
 * node of this one without a word. A file without the sum is good too.
 */
import { crc32 } from "node:zlib";

import { fromHex, toHex } from "@skein/core";

export const SEED_BYTES = 32;

export const printKey = (seed: Uint8Array): string => `${toHex(seed)} ${sumOf(toHex(seed))}\n`;

export function parseKey(text: string): Uint8Array | undefined {
  const [hex = "", sum] = text.trim().split(" ");
  const seed = fromHex(hex);
  return seed?.length === SEED_BYTES && (sum === undefined || sum === sumOf(hex)) ? seed : undefined;
}

const sumOf = (hex: string): string => crc32(hex).toString(16).padStart(8, "0");
