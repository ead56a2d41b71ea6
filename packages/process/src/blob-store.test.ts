/** Contents are kept under their digest, and nothing else is ever found under one. */
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import { expect, test } from "vitest";

import { createBlobStore } from "./blob-store.ts";

const newDirectory = (): string => join(mkdtempSync(join(tmpdir(), "skein-blobs-")), "blobs");
const digestOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const TEXT = Buffer.from("what an attempt printed\n".repeat(100));

test("a content is kept once, packed, and read back by its digest after a restart", async () => {
  const directory = newDirectory();
  const store = createBlobStore(directory);
  const kept = await store.keep([TEXT.subarray(0, 7), TEXT.subarray(7)], 10_000);
  expect(kept).toEqual({ ok: true, value: { digest: digestOf(TEXT), size: TEXT.length } });
  await store.keep([TEXT], 10_000);
  const again = createBlobStore(directory);
  expect(again.list()).toMatchObject([{ digest: digestOf(TEXT) }]);
  expect(again.list()[0]?.packedBytes).toBeLessThan(TEXT.length / 4);
  expect(await again.content(digestOf(TEXT), 10_000)).toEqual({ ok: true, value: TEXT });
  again.remove(digestOf(TEXT));
  expect(again.has(digestOf(TEXT))).toBe(false);
  expect(await again.content(digestOf(TEXT), 10_000)).toEqual({ ok: true, value: undefined });
});

test("a content moves to another store piece by piece", async () => {
  const [from, to] = [createBlobStore(newDirectory()), createBlobStore(newDirectory())];
  await from.keep([TEXT], 10_000);
  const receiving = to.receive(digestOf(TEXT), TEXT.length);
  for (let offset = 0; ;) {
    const piece = from.readPacked(digestOf(TEXT), offset, 10);
    if (piece === undefined || piece.bytes.length === 0) break;
    receiving.write(piece.bytes);
    offset += piece.bytes.length;
  }
  expect(await receiving.finish()).toEqual({ ok: true, value: undefined });
  expect(await to.content(digestOf(TEXT), 10_000)).toEqual({ ok: true, value: TEXT });
});

test.each([
  ["another content", gzipSync("something else"), TEXT.length],
  ["a content of another length than announced", gzipSync(TEXT), TEXT.length + 1],
  ["more than was announced", gzipSync(Buffer.alloc(50_000_000)), 1_000],
  ["what cannot be unpacked", Buffer.from("no gzip at all"), TEXT.length],
  ["a part", gzipSync(TEXT).subarray(0, 30), TEXT.length],
])("%s is refused, and nothing of it stays", async (_what, packed, size) => {
  const directory = newDirectory();
  const store = createBlobStore(directory);
  const receiving = store.receive(digestOf(TEXT), size);
  receiving.write(packed);
  expect(await receiving.finish()).toMatchObject({ ok: false });
  expect(store.has(digestOf(TEXT))).toBe(false);
  expect(store.list()).toEqual([]);
  expect(readdirSync(join(directory, "incoming"))).toEqual([]);
});

test("more than may be kept is refused, and a changed file is noticed when it is read", async () => {
  const directory = newDirectory();
  const store = createBlobStore(directory);
  expect(await store.keep([TEXT], TEXT.length - 1)).toMatchObject({ ok: false });
  expect(store.list()).toEqual([]);
  await store.keep([TEXT], 10_000);
  writeFileSync(join(directory, digestOf(TEXT).slice(0, 2), `${digestOf(TEXT)}.gz`), gzipSync("changed"));
  expect(await store.content(digestOf(TEXT), 10_000)).toMatchObject({ ok: false });
});

test.each(["../../etc/passwd", "", "AB".repeat(32), "a".repeat(63)])("%j is no digest", async (digest) => {
  const store = createBlobStore(newDirectory());
  expect(store.has(digest)).toBe(false);
  expect(store.readPacked(digest, 0, 10)).toBeUndefined();
  expect(await store.content(digest, 10)).toEqual({ ok: true, value: undefined });
});
