import { existsSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openPlace } from "./place.ts";

const setupDirectory = (): string => mkdtempSync(join(tmpdir(), "skein-place-"));

test("a temporary place is gone after removal", () => {
  const place = openPlace(undefined);
  writeFileSync(place.logFile("alice"), "x");
  place.remove();
  expect(existsSync(place.root)).toBe(false);
});

test("a directory that was there stays, without what the demo made", () => {
  const directory = setupDirectory();
  const place = openPlace(directory);
  mkdirSync(place.nodeDirectory("alice"));
  place.remove();
  expect(readdirSync(directory)).toEqual([]);
});

test("a directory that the demo made is removed with it", () => {
  const directory = join(setupDirectory(), "new");
  openPlace(directory).remove();
  expect(existsSync(directory)).toBe(false);
});

test("a directory with something in it is refused and left alone", () => {
  const directory = setupDirectory();
  writeFileSync(join(directory, "thesis.txt"), "precious");
  expect(() => openPlace(directory)).toThrow(/is not empty.*Choose another one with --data/);
  expect(() => openPlace(join(directory, "thesis.txt"))).toThrow(/The demo cannot live in/);
  expect(readdirSync(directory)).toEqual(["thesis.txt"]);
});
