/**
 * The simulator on a handful of seeds, and the simulator itself: the same seed gives the same run, readers change nothing,
 * and a failure is made small and can be seen again. The large numbers of seeds are `npm run reliability`.
 */
import { FAULTS, type MakeChecker, minimise, replayLine, runSeed, type SeedOptions } from "@skein/sim";
import { expect, test } from "vitest";

const usual: SeedOptions = { ops: 30, nodes: 3 };

const seeds = (from: number, count: number): number[] => Array.from({ length: count }, (_, index) => from + index);

test.each(seeds(1, 12))("nothing is violated in seed %i", async (seed) => {
  const report = await runSeed(seed, usual);
  expect(report.violations, report.lastEvents.join("\n")).toEqual([]);
  expect(report.digest).toMatch(/^[0-9a-f]{64}$/);
});

const shortNight: SeedOptions = { ops: 0, nodes: 3, night: { stories: 15, hours: 1 } };

test.each(seeds(1, 2))(
  "every story of night %i ends where its agent leads it, and nothing is left of it",
  async (seed) => {
    const report = await runSeed(seed, shortNight);
    expect(report.violations, report.lastEvents.join("\n")).toEqual([]);
    expect(report.table.length).toBeGreaterThan(15);
    expect(report.sometimes["node killed"]).toBe(1);
    expect(report.sometimes.partition).toBe(1);
  },
);

test("a night gives one trace, and another night another one", async () => {
  const few: SeedOptions = { ...shortNight, night: { stories: 3, hours: 1 } };
  const [first, again, other] = [await runSeed(3, few), await runSeed(3, few), await runSeed(4, few)];
  expect(again.traceHash).toBe(first.traceHash);
  expect(other.traceHash).not.toBe(first.traceHash);
});

test("stories travel to Done when nothing fails", async () => {
  const report = await runSeed(5, { ...usual, faults: [] });
  expect(report.violations).toEqual([]);
  expect(report.faults).toEqual({});
  expect(report.landed).toBeGreaterThan(3);
});

test("a seed gives one trace, and another seed another one", async () => {
  const [first, again, other] = [await runSeed(7, usual), await runSeed(7, usual), await runSeed(8, usual)];
  expect(again.traceHash).toBe(first.traceHash);
  expect(other.traceHash).not.toBe(first.traceHash);
});

test("readers change nothing: boards, digests and doctors leave the same view behind", async () => {
  const silent = await runSeed(11, usual);
  const watched = await runSeed(11, { ...usual, observers: true });
  expect(watched.violations).toEqual([]);
  expect(watched.digest).toBe(silent.digest);
});

/** Calls every third landing a mistake. */
const brokenChecker: MakeChecker = (world) => {
  let landed = 0;
  return {
    onMoved: ({ items }) => {
      if (items.length > 0 && ++landed === 3) world.violate("I14", "three landings are two too many");
    },
  };
};

test("a failure is made small, and its replay fails at the same event", async () => {
  const options: SeedOptions = { ...usual, ops: 40, nodes: 4, checkers: [brokenChecker] };
  const failed = await runSeed(3, options);
  expect(failed.violations.map(({ id }) => id)).toEqual(["I14"]);
  const small = await minimise(3, options, failed);
  const [violation] = small.report.violations;
  expect(small.options.faults).toEqual([]);
  expect(small.options.nodes).toBe(2);
  expect(small.options.ops).toBeLessThan(15);
  const again = await runSeed(3, { ...small.options, untilStep: violation?.step });
  expect(again.violations).toEqual([violation]);
  expect(again.steps).toBeLessThan(small.report.steps);
  const before = await runSeed(3, { ...small.options, untilStep: (violation?.step ?? 1) - 1 });
  expect(before.violations).toEqual([]);
  expect(replayLine(3, small.options, violation?.step)).toBe(
    `skein sim --seed 3 --ops ${small.options.ops} --nodes 2 --faults none --until ${violation?.step ?? 0} --trace`,
  );
});

test("a fault class that does not exist is refused", async () => {
  await expect(runSeed(1, { ...usual, faults: ["gremlins"] })).rejects.toThrow("there is no fault class gremlins");
  expect(new Set(FAULTS.map(({ name }) => name)).size).toBe(FAULTS.length);
});
