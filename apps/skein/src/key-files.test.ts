/** The key on the disk, as a crash leaves it at each step of a rotation. */
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { toHex } from "@skein/core";
import { afterEach, beforeEach, expect, test } from "vitest";

import { openKeyFiles } from "./key-files.ts";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "skein-keys-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const file = (name: string): string => join(directory, name);
const open = (): ReturnType<typeof openKeyFiles> => openKeyFiles(directory);
const keyOf = (signer: { readonly publicKey: Uint8Array } | undefined): string =>
  signer === undefined ? "none" : toHex(signer.publicKey);
const prepare = (): string => {
  const prepared = open().prepare();
  if (!prepared.ok) throw new Error(prepared.error);
  return keyOf(prepared.value);
};

test("the key is made once, and only its owner reads it", () => {
  const first = keyOf(open().current());
  expect(keyOf(open().current())).toBe(first);
  expect(keyOf(open().prepared())).toBe("none");
  expect(statSync(file("node.key")).mode & 0o777).toBe(0o600);
});

test("a prepared key survives a crash, and is the same one at the next try", () => {
  const before = keyOf(open().current());
  const prepared = prepare();
  expect(keyOf(open().prepared())).toBe(prepared);
  expect(prepare()).toBe(prepared);
  expect(keyOf(open().current())).toBe(before);
  expect(statSync(file("node.key.next")).mode & 0o777).toBe(0o600);
});

test("an adopted key is the current one, in place, and the old one is gone", () => {
  const old = keyOf(open().current());
  const prepared = prepare();
  const keys = open();
  expect(keys.adopt().ok).toBe(true);
  for (const one of [keys, open()]) {
    expect(keyOf(one.current())).toBe(prepared);
    expect(keyOf(one.prepared())).toBe("none");
  }
  expect(prepared).not.toBe(old);
  expect(existsSync(file("node.key.next"))).toBe(false);
  expect(statSync(file("node.key")).mode & 0o777).toBe(0o600);
});

test("what a crash left of a key that was being written is not used", () => {
  open();
  writeFileSync(file("node.key.next.new"), "12ab");
  expect(keyOf(open().prepared())).toBe("none");
  const prepared = prepare();
  expect(keyOf(open().prepared())).toBe(prepared);
  // Nor is one that is damaged: nothing in the log can name it.
  writeFileSync(file("node.key.next"), "12ab\n");
  expect(keyOf(open().prepared())).toBe("none");
  expect(prepare()).not.toBe(prepared);
});

test("a new key that cannot be put in place is used all the same, and found at the next start", () => {
  open();
  const prepared = prepare();
  const keys = open();
  renameSync(file("node.key.next"), file("elsewhere"));
  expect(keys.adopt().ok).toBe(false);
  expect(keyOf(keys.current())).toBe(prepared);
  renameSync(file("elsewhere"), file("node.key.next"));
  expect(keyOf(open().prepared())).toBe(prepared);
});

test("a damaged key is no key, and is not replaced by another", () => {
  writeFileSync(file("node.key"), "not a key\n");
  expect(open).toThrow(/damaged/);
  expect(readFileSync(file("node.key"), "utf8")).toBe("not a key\n");
  expect(() => openKeyFiles(file("nowhere"))).toThrow(/cannot be written/);
});
