/** Four mutants that the simulator sees at once: that hunting them works. `npm run mutants` hunts all of them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";

import { bundleOf } from "../mutants/bundle.ts";
import { MUTANTS } from "../mutants/catalog.ts";
import { contest } from "../mutants/contest.ts";
import { tableOf } from "../mutants/table.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "skein-mutants-"));
afterAll(() => rmSync(directory, { recursive: true }));

const FAST: ReadonlySet<string> = new Set([
  "publish-before-fsync",
  "checkpoint-of-the-next-op",
  "last-writer-wins-stage",
  "moved-base-not-tested-again",
]);

test.each(MUTANTS.filter(({ name }) => FAST.has(name)))("the simulator kills $name", async (mutant) => {
  const score = await contest(await bundleOf(mutant, root, directory), { seeds: 1, limit: 40, untilKilled: true });
  expect(score.first).toBeDefined();
  expect(mutant.caughtBy).toContain([...score.by.keys()][0]);
});

test("the product itself survives a seed, and the table calls what survives alive", async () => {
  const score = await contest(await bundleOf(undefined, root, directory), { seeds: 1, limit: 1 });
  expect(score.first).toBeUndefined();
  const [mutant] = MUTANTS;
  expect(mutant === undefined ? "" : tableOf([{ mutant, score }])).toContain("| **ALIVE** | none of 1 | 0 of 1 |");
});
