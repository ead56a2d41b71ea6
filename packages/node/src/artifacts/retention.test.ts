/** What is deleted and fetched follows from the policy and from nothing else. */
import * as fc from "fast-check";
import { expect, test } from "vitest";

import type { StoredBlob } from "../ports.ts";
import { type ArtifactSettings, keepersOf, type NamedBlob, whatToFetch, whatToRemove } from "./retention.ts";

const NOW = 1_000_000;
const POLICY: ArtifactSettings = { copies: 2, keepMs: 1_000, bytes: 100 };
const stored = (digest: string, ageMs: number, packedBytes: number = 10): StoredBlob => ({
  digest,
  packedBytes,
  storedAtMs: NOW - ageMs,
});
const named = (digest: string, more: Partial<NamedBlob> = {}): NamedBlob => ({
  digest,
  size: 10,
  author: "anna",
  copies: 2,
  at: NOW,
  isPinned: false,
  ...more,
});

test("what is too old goes, and then the oldest until the rest fits", () => {
  const here = [stored("old", 1_000), stored("a", 900, 60), stored("b", 800, 60), stored("c", 700, 30)];
  expect(whatToRemove(here, [], POLICY, NOW)).toEqual(["old", "a"]);
  expect(whatToRemove(here.slice(2), [], POLICY, NOW)).toEqual([]);
});

test("what is kept of the newest attempt of an open item stays, however old and big", () => {
  const here = [stored("pinned", 90_000, 500), stored("other", 10)];
  expect(whatToRemove(here, [named("pinned", { isPinned: true })], POLICY, NOW)).toEqual(["other"]);
});

test("the newest that fits is fetched, and nothing that is here or would be deleted again", () => {
  const wanted = [
    named("here"),
    named("new", { at: NOW - 1 }),
    named("newer", { at: NOW, size: 60 }),
    named("old", { at: NOW - 1_000 }),
    named("big", { at: NOW - 2, size: 50 }),
  ];
  const fetched = whatToFetch([stored("here", 5, 20)], wanted, POLICY, NOW);
  expect(fetched.map(({ digest }) => digest)).toEqual(["newer", "new"]);
});

test("what was fetched is not deleted for want of room", () => {
  const blob = fc.record({
    digest: fc.uuid(),
    size: fc.integer({ min: 0, max: 60 }),
    age: fc.integer({ min: 0, max: 2_000 }),
  });
  fc.assert(
    fc.property(fc.uniqueArray(blob, { selector: (one) => one.digest }), fc.nat(30), (blobs, split) => {
      const wanted = blobs.map(({ digest, size, age }) => named(digest, { size, at: NOW - age }));
      const first = blobs.slice(0, split).map(({ digest, size, age }) => stored(digest, age, size));
      const gone = new Set(whatToRemove(first, wanted, POLICY, NOW));
      const kept = first.filter(({ digest }) => !gone.has(digest));
      const fetched = whatToFetch(kept, wanted, POLICY, NOW).map(({ digest, size }) => stored(digest, 0, size));
      expect(whatToRemove([...kept, ...fetched], wanted, POLICY, NOW)).toEqual([]);
    }),
  );
});

test("everybody names the same keepers, never the author, and one that is gone is stood in for", () => {
  const rank = (digest: string, member: string): string => `${digest.length}${member.slice(-2)}`;
  const all = ["anna", "bob", "carol", "dave"];
  const keepers = keepersOf(named("x"), all, rank);
  expect(keepers).toHaveLength(2);
  expect(keepers).not.toContain("anna");
  expect(keepersOf(named("x"), all.toReversed(), rank)).toEqual(keepers);
  const [gone] = keepers;
  const later = keepersOf(
    named("x"),
    all.filter((one) => one !== gone),
    rank,
  );
  expect(later).toHaveLength(2);
  expect(later).toContain(keepers[1]);
  expect(keepersOf(named("x", { copies: 0 }), all, rank)).toEqual([]);
});
