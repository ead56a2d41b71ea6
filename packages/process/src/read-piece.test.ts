import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { readPiece } from "./read-piece.ts";

/** A system that never reads more than three bytes at a time. */
vi.mock("node:fs", async (original) => {
  const fs = await original<typeof import("node:fs")>();
  const readSync = (file: number, bytes: Uint8Array, at: number, length: number, from: number): number =>
    fs.readSync(file, bytes, at, Math.min(length, 3), from);
  return { ...fs, readSync };
});

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "skein-piece-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test.each([
  { offset: 1, maxBytes: 8, piece: "12345678" },
  { offset: 7, maxBytes: 8, piece: "789" },
  { offset: 10, maxBytes: 8, piece: "" },
  { offset: 99, maxBytes: 8, piece: "" },
  { offset: -5, maxBytes: 4, piece: "0123" },
  { offset: 2, maxBytes: -1, piece: "" },
])("from $offset at most $maxBytes is the whole of $piece", ({ offset, maxBytes, piece }) => {
  const path = join(directory, "file");
  writeFileSync(path, "0123456789");
  const { bytes, end } = readPiece(path, offset, maxBytes);
  expect({ text: Buffer.from(bytes).toString(), end }).toEqual({ text: piece, end: 10 });
});
