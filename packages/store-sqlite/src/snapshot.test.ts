/** A copy of the log that is made while the log is written to. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openLogStore, type SqliteLogStore } from "./index.ts";
import { newDirectory } from "./testing/directory.ts";
import { fingerprint, framesFrom } from "./testing/frames.ts";

function open(directory: string): SqliteLogStore {
  const opened = openLogStore({ directory });
  if (!opened.ok) throw new Error(opened.error.message);
  onTestFinished(() => opened.value.close());
  return opened.value;
}

/** A directory inside, where a copy becomes a log of its own. */
function placeIn(directory: string): string {
  const place = join(directory, "copy");
  mkdirSync(place);
  return place;
}

test("a copy is a log of its own: whole batches, every fact, and the original goes on meanwhile", async () => {
  const directory = newDirectory();
  const store = open(directory);
  // More pages than are copied in one turn of the event loop.
  const batch = 500;
  for (let first = 1; first <= 8_000; first += batch) expect(store.append(framesFrom(first, batch)).ok).toBe(true);
  store.putMeta("mesh", new Uint8Array([1, 2, 3]));
  const place = placeIn(directory);
  const copying = store.copyTo(join(place, "log.sqlite"));
  let written = 8_000;
  const turn = (): Promise<"goes on"> => new Promise((resolve) => setImmediate(resolve, "goes on"));
  while ((await Promise.race([copying, turn()])) === "goes on") {
    expect(store.append(framesFrom(written + 1, 10)).ok).toBe(true);
    written += 10;
  }
  expect(await copying).toEqual({ ok: true, value: undefined });
  expect(written).toBeGreaterThan(8_010);

  const copy = open(place);
  const last = copy.lastPosition();
  expect(last).toBeGreaterThanOrEqual(8_000);
  expect(last).toBeLessThanOrEqual(written);
  expect(last % 10).toBe(0);
  expect(fingerprint(copy.frames(1))).toBe(fingerprint(framesFrom(1, last)));
  expect(copy.getMeta("mesh")).toEqual(new Uint8Array([1, 2, 3]));
  expect(store.lastPosition()).toBe(written);
});

test("a copy that cannot be written is an error, and the log is as good as before", async () => {
  const directory = newDirectory();
  const store = open(directory);
  store.append(framesFrom(1, 10));
  const place = placeIn(directory);
  writeFileSync(join(place, "log.sqlite"), "this is another file, and not a small one either");
  expect(await store.copyTo(join(place, "log.sqlite"))).toMatchObject({ ok: false });
  expect(store.append(framesFrom(11, 1)).ok).toBe(true);
});

test("a log that is closed while it is copied says so", async () => {
  const directory = newDirectory();
  const store = open(directory);
  store.append(framesFrom(1, 4_000));
  const copying = store.copyTo(join(placeIn(directory), "log.sqlite"));
  store.close();
  expect(await copying).toMatchObject({ ok: false, error: { message: "the log was closed while it was copied" } });
});
