/** The mirror stays quick: its packs are joined, and nothing in them is lost. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { attempt, createFixture, never, valueOf, type Fixture } from "./testing/fixture.ts";

// Real git on a busy machine takes its time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let fixture: Fixture;
beforeEach(async () => {
  fixture = await createFixture();
});
afterEach(() => fixture.remove());

const mirror = (): string => join(fixture.directory, "nodes/alice/mirror.git");
const packs = (): readonly string[] =>
  readdirSync(join(mirror(), "objects/pack")).filter((name) => name.endsWith(".pack"));

test("a fetch into a mirror of many packs joins them, and every object is still there", async () => {
  const alice = await fixture.node("alice");
  const { branch, tip } = await attempt(fixture, alice, { "a.txt": "1\n" }, "story");
  valueOf(await alice.publishBranch(branch, tip, never));
  // A checkpoint ends a pack.
  const blobs = Array.from({ length: 60 }, (_, at) => `blob\ndata <<END\n${at}\nEND\ncheckpoint\n`).join("\n");
  await fixture.gitWith(mirror(), blobs, "-c", "fastimport.unpackLimit=0", "fast-import", "--quiet");
  expect(packs().length).toBeGreaterThan(60);
  const before = await fixture.git(mirror(), "cat-file", "--batch-check=%(objectname)", "--batch-all-objects");

  valueOf(await alice.fetchBase(never));
  expect(packs().length).toBeLessThan(10);
  const after = await fixture.git(mirror(), "cat-file", "--batch-check=%(objectname)", "--batch-all-objects");
  expect(after).toBe(before);
  valueOf(await alice.fetchBranch(branch, tip, never));
  await fixture.git(mirror(), "fsck", "--strict");
});
