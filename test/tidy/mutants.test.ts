/** Every mutant still changes the product, and what it makes of it is still a program. */
import { parseSync } from "vite";
import { expect, test } from "vitest";

import { MUTANTS } from "../mutants/catalog.ts";
import { applyMutant, editsOf, type Mutant } from "../mutants/mutant.ts";
import { read, ROOT } from "./sources.ts";

test.each(MUTANTS)("the mutant $name changes the product and is still a program", (mutant) => {
  for (const [path, text] of applyMutant(mutant, ROOT)) {
    expect(parseSync(path, text).errors, path).toEqual([]);
    expect(text).not.toBe(read(path.slice(ROOT.length)));
  }
});

test("each mutant says why somebody could write it and what should see it, under a name of its own", () => {
  expect(MUTANTS.length).toBeGreaterThanOrEqual(30);
  expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
  expect(MUTANTS.filter(({ name }) => !/^[a-z]+(?:-[a-z]+)*$/.test(name))).toEqual([]);
  expect(MUTANTS.filter(({ why, caughtBy }) => !/^[A-Z].*\.$/.test(why) || caughtBy.length === 0)).toEqual([]);
});

test("mutants change the core, the engine and its rooms, never the simulator", () => {
  const files = new Set(MUTANTS.flatMap(editsOf).map(({ file }) => file));
  expect([...files].filter((file) => !/^packages\/(?:core|node|chat)\/src\/.*(?<!\.test)\.ts$/.test(file))).toEqual([]);
});

test("a text that is not there, or is there twice, is noticed", () => {
  const [mutant] = MUTANTS;
  if (mutant === undefined) throw new Error("there are mutants");
  const changed = (find: string): Mutant => ({ ...mutant, find, also: [] });
  expect(() => applyMutant(changed("there is no such text"), ROOT)).toThrow("0 times");
  expect(() => applyMutant(changed("import "), ROOT)).toThrow(/finds its text \d+ times/);
});
