/** Which branches go: a week after their item has landed, as this node has seen, or was deleted; no others, and no sooner. */
import { err, type ItemHistory, type ItemState, type Landing, ok } from "@skein/core";
import { expect, test } from "vitest";

import type { LogLevel } from "../logger.ts";
import type { GitError } from "../ports.ts";
import { createManualClock } from "../testing/link-stand.ts";
import { createBranchCleaner } from "./branch-cleaner.ts";

const HOUR = 3_600_000;
const WEEK = 7 * 24 * HOUR;
const MINUTE = 60_000;

type Item = Pick<ItemHistory, "id" | "best" | "deleted" | "updatedAt">;

const MERGED = "c".repeat(40);
const done: ItemState["stage"] = { stage: "Done", mergedAt: 1, mergeCommit: MERGED };
const archived = (mergeCommit: string | null): ItemState["stage"] => ({
  stage: "Archived",
  archivedAt: 1,
  reason: "Abandoned",
  mergeCommit,
});

const stateOf = (stage: ItemState["stage"]): ItemState => ({
  stage,
  generation: 0,
  epoch: 1,
  claim: null,
  attempts: 0,
  noProgress: 0,
  overBudget: false,
  left: null,
  note: "",
});

const itemOf = (id: string, stage: ItemState["stage"] | "deleted", updatedAt: number): Item => ({
  id,
  deleted: stage === "deleted",
  updatedAt,
  best: stage === "deleted" ? undefined : { lamport: 1, author: "a", id: "b", state: stateOf(stage) },
});

function stand(items: readonly Item[], problem?: GitError, refuted = "") {
  const clock = createManualClock();
  const asked: (readonly string[])[] = [];
  const said: string[] = [];
  const ending = new AbortController();
  const landingOf = (id: string): Landing =>
    id === refuted ? { state: "refuted", commit: null } : { state: "verified", commit: MERGED };
  const cleaner = createBranchCleaner(
    {
      clock,
      log: (level: LogLevel, event) => said.push(`${level} ${event}`),
      replica: { view: () => ({ items: new Map(items.map((item) => [item.id, item])) }) },
    },
    {
      current: () => ({
        repository: {
          deleteBranches: (ids) => {
            asked.push([...ids]);
            return Promise.resolve(problem === undefined ? ok([...ids]) : err(problem));
          },
        },
      }),
    },
    { of: landingOf },
    ending.signal,
  );
  const ended = cleaner.run();
  // A step is a timer, and what follows it in promises.
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms);
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  };
  return { asked, said, ended, pass, end: () => ending.abort() };
}

/** When the manual clock begins. */
const START = createManualClock().wallMs();

test("of items that have landed or were deleted a week ago, and of no others, the branches are deleted", async () => {
  const { asked, said, pass } = stand([
    itemOf("done", done, START - WEEK),
    itemOf("deleted", "deleted", START - WEEK),
    itemOf("landed-and-archived", archived(MERGED), START - WEEK),
    itemOf("archived", archived(null), START - WEEK),
    itemOf("under-way", { stage: "Coding" }, START - WEEK),
    itemOf("yesterday", done, START - 24 * HOUR),
  ]);
  await pass(MINUTE);
  expect(asked).toEqual([["done", "deleted", "landed-and-archived"]]);
  expect(said).toEqual(["info branches.deleted"]);
});

test("an item that is Done only in the log keeps its branches", async () => {
  const { asked, pass } = stand([itemOf("invented", done, START - WEEK)], undefined, "invented");
  await pass(MINUTE);
  await pass(HOUR);
  expect(asked).toEqual([]);
});

test("the branches go an hour after their week is over at the latest, and what resists is tried again", async () => {
  const { asked, said, pass, end, ended } = stand([itemOf("done", done, START - WEEK + 2 * MINUTE)], {
    type: "refused",
    message: "a hook said no",
  });
  await pass(MINUTE);
  expect(asked).toEqual([]);
  await pass(HOUR);
  await pass(HOUR);
  expect(asked).toHaveLength(2);
  expect(said).toEqual(["warn branches.not-deleted", "warn branches.not-deleted"]);
  end();
  await ended;
});
