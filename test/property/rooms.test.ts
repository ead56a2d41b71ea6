/**
 * Meshes that are commanded from rooms, in the simulator: a platform that loses answers, delivers twice, late and in any order,
 * and goes away, together with the faults that each seed draws. The large numbers of seeds are `npm run reliability`.
 */
import { addCounts, runSeed, type SeedOptions, type SometimesCounts } from "@skein/sim";
import { expect, test } from "vitest";

const usual: SeedOptions = { ops: 30, nodes: 3, also: ["chat"] };

let seen: SometimesCounts = {};

test.each([1, 2, 3, 4, 5, 6])("nothing is violated in the rooms of seed %i", async (seed) => {
  const report = await runSeed(seed, usual);
  seen = addCounts(seen, report.sometimes);
  expect(report.violations, report.lastEvents.join("\n")).toEqual([]);
  expect(report.faults).toHaveProperty("chat");
});

test("those seeds saw what rooms are afraid of", () => {
  expect(seen["room: answer"]).toBeGreaterThan(100);
  expect(seen["room: answer on an account without keys"]).toBeGreaterThan(50);
  expect(seen["room: event delivered to two at once"]).toBeGreaterThan(5);
  expect(seen["room: old event delivered again"]).toBeGreaterThan(5);
  expect(seen["room: uncertain send found"]).toBeGreaterThan(0);
  expect(seen["room: platform away"]).toBeGreaterThan(0);
  expect(seen["room: answer seen twice"] ?? 0).toBe(0);
});

test("a node that is killed loses the account to another one, and every line is answered all the same", async () => {
  const report = await runSeed(4, { ops: 40, nodes: 4, faults: ["chat", "kill"] });
  expect(report.violations, report.lastEvents.join("\n")).toEqual([]);
});

test("a seed with rooms gives one trace", async () => {
  const [first, again] = [await runSeed(2, usual), await runSeed(2, usual)];
  expect(again.traceHash).toBe(first.traceHash);
});
