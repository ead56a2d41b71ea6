import { createPrng, testCrypto } from "@skein/core/testing";
import type { StoredFrame } from "@skein/node";
import { expect, test } from "vitest";

import { newLife } from "../kernel/life.ts";
import { createDisk } from "./disk.ts";

const frame = (position: number): StoredFrame => ({ position, bytes: new Uint8Array(80).fill(position) });

function newDisk(seed = 1) {
  const crashes: string[] = [];
  const life = newLife("node-1", 0);
  const disk = createDisk({
    prng: createPrng(seed),
    crypto: testCrypto,
    openBacking: undefined,
    watch: {
      onAppended: () => undefined,
      onReplaced: () => undefined,
      onCrash: (at, powerCut) => {
        crashes.push(`${at}${powerCut ? ", power cut" : ""}`);
        life.alive = false;
      },
      onSyncError: () => undefined,
    },
  });
  return { disk, crashes, life };
}

test("records are replaced by one that holds their frames, all at once or not at all when the machine crashes in it", () => {
  const outcomes = new Set<string>();
  for (let seed = 1; seed <= 40; seed++) {
    const { disk, life, crashes } = newDisk(seed);
    const store = disk.open(life);
    store.append([frame(1), frame(2), frame(3)]);
    disk.rates.crashChance = seed % 2;
    store.replace({ position: 2, count: 2, bytes: frame(9).bytes });
    const places = disk.frames().map(({ position, count = 1 }) => `${position}+${count}`);
    outcomes.add(`${places.join(" ")}${crashes.length > 0 ? " crashed" : ""}`);
    expect(disk.holds(frame(2).bytes)).toBe(true);
  }
  expect([...outcomes].toSorted()).toEqual(["1+1 2+1 3+1 crashed", "1+1 2+2", "1+1 2+2 crashed"]);
});

test("what was appended outlives its program", () => {
  const { disk, life } = newDisk();
  expect(disk.open(life).append([frame(1), frame(2)])).toEqual({ ok: true, value: undefined });
  life.alive = false;
  const next = disk.open(newLife("node-1", 5));
  expect([...next.frames(2)].map(({ position }) => position)).toEqual([2]);
  expect([disk.holds(frame(1).bytes), disk.holds(frame(3).bytes)]).toEqual([true, false]);
});

test("a power cut before the sync loses the write now and then, one after it never", () => {
  const kept = new Map<string, Set<number>>();
  for (let seed = 0; seed < 200; seed++) {
    const { disk, crashes, life } = newDisk(seed);
    disk.rates.crashChance = 1;
    disk.open(life).append([frame(1)]);
    const [crash = ""] = crashes;
    kept.set(crash, (kept.get(crash) ?? new Set()).add(disk.frames().length));
  }
  expect(Object.fromEntries(kept)).toEqual({
    "before-write": new Set([0]),
    "before-write, power cut": new Set([0]),
    "before-sync": new Set([1]),
    "before-sync, power cut": new Set([0, 1]),
    "after-sync": new Set([1]),
    "after-sync, power cut": new Set([1]),
  });
});

test("a full disk refuses and keeps nothing; there is room again later", () => {
  const { disk, life } = newDisk();
  const store = disk.open(life);
  disk.full = true;
  expect(store.append([frame(1)])).toMatchObject({ ok: false, error: { type: "disk-full" } });
  expect(store.putMeta("a", new Uint8Array([1]))).toMatchObject({ ok: false, error: { type: "disk-full" } });
  disk.full = false;
  expect(store.append([frame(1)]).ok).toBe(true);
});

test("after a failed sync nothing is written any more, and the write may turn up at the next start", () => {
  const lengths = new Set<number>();
  for (let seed = 0; seed < 20; seed++) {
    const { disk, life } = newDisk(seed);
    const store = disk.open(life);
    disk.rates.syncErrorChance = 1;
    expect(store.append([frame(1)])).toMatchObject({ ok: false, error: { type: "disk-io" } });
    disk.rates.syncErrorChance = 0;
    expect(store.append([frame(1)]).ok).toBe(false);
    expect([...store.frames(1)]).toEqual([]);
    disk.open(newLife("node-1", 5));
    lengths.add(disk.frames().length);
  }
  expect(lengths).toEqual(new Set([0, 1]));
});

test("an older image takes the place of what was there", () => {
  const { disk, life } = newDisk();
  const store = disk.open(life);
  store.append([frame(1)]);
  const image = disk.image();
  store.append([frame(2)]);
  disk.restore(image);
  expect(disk.frames().map(({ position }) => position)).toEqual([1]);
  expect(disk.holds(frame(2).bytes)).toBe(false);
});
