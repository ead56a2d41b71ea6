import { expect, test } from "vitest";

import { newLife } from "./life.ts";
import { clockOf } from "./node-clock.ts";
import { createScheduler } from "./scheduler.ts";

const never = (): boolean => false;

test("time moves from event to event, and every promise settles in between", async () => {
  const scheduler = createScheduler();
  const seen: string[] = [];
  const work = async (name: string): Promise<void> => {
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
    seen.push(`${name} at ${scheduler.nowMs()}`);
  };
  scheduler.after(10, () => void work("first"));
  scheduler.after(20, () => void work("second"));
  await scheduler.runUntil(never, 100);
  expect(seen).toEqual(["first at 10", "second at 20"]);
  expect(scheduler.nowMs()).toBe(100);
});

test("an event that was taken back does not happen", async () => {
  const scheduler = createScheduler();
  const seen: number[] = [];
  scheduler.after(1, () => seen.push(1))();
  scheduler.after(2, () => seen.push(2));
  await scheduler.runUntil(never, 10);
  expect(seen).toEqual([2]);
  expect(scheduler.steps()).toBe(1);
});

test("what happens to a frozen program waits in order, and a dead one's events are dropped", async () => {
  const scheduler = createScheduler();
  const [frozen, dead] = [newLife("frozen", 0), newLife("dead", 0)];
  const seen: string[] = [];
  scheduler.freeze(frozen);
  dead.alive = false;
  scheduler.after(1, () => seen.push("one"), frozen);
  const takeBack = scheduler.after(2, () => seen.push("taken back"), frozen);
  scheduler.after(3, () => seen.push("two"), frozen);
  scheduler.after(4, () => seen.push("dead"), dead);
  await scheduler.runUntil(never, 10);
  expect(seen).toEqual([]);
  takeBack();
  scheduler.thaw(frozen);
  await scheduler.runUntil(never, 10);
  expect(seen).toEqual(["one", "two"]);
  expect(frozen.runningSinceMs).toBe(10);
});

test("a program that throws is reported with its life", async () => {
  const scheduler = createScheduler();
  const life = newLife("node-1", 0);
  const faults: unknown[] = [];
  scheduler.onFault((who, cause) => faults.push([who?.name, cause instanceof Error && cause.message]));
  scheduler.after(
    1,
    () => {
      throw new Error("no");
    },
    life,
  );
  await scheduler.runUntil(never, 10);
  expect(faults).toEqual([["node-1", "no"]]);
});

test("a machine's clocks are off and run at their own rate, and its timers go by them", async () => {
  const scheduler = createScheduler();
  await scheduler.runUntil(never, 1_000);
  const clock = clockOf({ skewMs: -3_600_000, rate: 1.02 }, newLife("node-1", scheduler.nowMs()), scheduler);
  const wallBefore = clock.wallMs();
  let firedAtMs = 0;
  clock.after(1_020, () => {
    firedAtMs = scheduler.nowMs();
  });
  await scheduler.runUntil(never, 1_500);
  expect(firedAtMs).toBeCloseTo(2_000);
  expect(clock.monoMs()).toBeCloseTo(1_530);
  expect(clock.wallMs() - wallBefore).toBe(1_530);
});
