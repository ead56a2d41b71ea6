import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";

import { toHex } from "@skein/core";

import { type DataDirectory, openDataDirectory, rememberMesh } from "./data-directory.ts";
import { readIdentity } from "./identity-file.ts";

function newPlace(): string {
  const place = mkdtempSync(join(tmpdir(), "skein-data-"));
  onTestFinished(() => rmSync(place, { recursive: true, force: true }));
  return place;
}

const open = (path: string, onRepaired?: (told: string) => void): DataDirectory =>
  openDataDirectory(path, { create: true, ...(onRepaired === undefined ? {} : { onRepaired }) });

test("the key is the same at every start, and one wrong digit of it is refused", () => {
  const path = newPlace();
  const first = open(path);
  const key = toHex(first.signer.publicKey);
  first.close();
  const second = open(path);
  expect(toHex(second.signer.publicKey)).toBe(key);
  second.close();
  const file = join(path, "node.key");
  const text = readFileSync(file, "latin1");
  expect(text).toMatch(/^[0-9a-f]{64} [0-9a-f]{8}\n$/);
  for (const broken of [`${text[0] === "0" ? "1" : "0"}${text.slice(1)}`, text.slice(0, 40), "", "\0".repeat(74)]) {
    writeFileSync(file, broken);
    expect(() => open(path)).toThrow("node.key is damaged");
  }
  // As it was written before there was a sum.
  writeFileSync(file, `${text.slice(0, 64)}\n`);
  const last = open(path);
  expect(toHex(last.signer.publicKey)).toBe(key);
  last.close();
});

test("a damaged token is replaced: it is this machine's own business", () => {
  const path = newPlace();
  open(path).close();
  truncateSync(join(path, "token"), 10);
  const data = open(path);
  expect(readFileSync(join(path, "token"), "latin1")).toBe(`${data.token}\n`);
  expect(data.token).toMatch(/^[0-9a-f]{64}$/);
  data.close();
});

test("a node that lost its log still knows its mesh and name, has a new incarnation and a later start", () => {
  const path = newPlace();
  const mesh = new Uint8Array(32).fill(5);
  const before = open(path);
  before.store.putMeta("mesh", mesh);
  before.store.putMeta("name", new TextEncoder().encode("anna"));
  rememberMesh(path, before.store);
  before.close();
  expect(readIdentity(path)).toEqual({ mesh, name: "anna" });
  truncateSync(join(path, "log.sqlite"), 0);
  expect(() => openDataDirectory(path, { create: false })).toThrow("is damaged (it is empty)");
  const told: string[] = [];
  const after = open(path, (message) => told.push(message));
  expect(told).toEqual([expect.stringContaining("how many are missing cannot be told")]);
  expect([after.mesh, after.name]).toEqual([mesh, "anna"]);
  expect(toHex(after.signer.publicKey)).toBe(toHex(before.signer.publicKey));
  expect(toHex(after.incarnation)).not.toBe(toHex(before.incarnation));
  expect(Number(new TextDecoder().decode(after.store.getMeta("boot")))).toBeGreaterThan(1_000_000);
  after.close();
  expect(readdirSync(path).toSorted()).toEqual(["identity.json", "log.sqlite", "node.key", "quarantine", "token"]);
});
