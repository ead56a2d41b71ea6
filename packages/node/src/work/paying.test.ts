/** What was set aside for an attempt goes back when its agent never ran, and only then. */
import { createReplica, type Draft, foundMesh, ok, type SpendCounts } from "@skein/core";
import { testCrypto, testSigner } from "@skein/core/testing";
import { expect, test } from "vitest";

import type { Journal } from "../journal.ts";
import { createCapsCheck, returnUnused } from "./paying.ts";

const CLAIM = "c1";
type Models = ReadonlyMap<string, SpendCounts>;

async function returned(models: Models, reserved: number, claim = CLAIM): Promise<readonly Draft[]> {
  const written: Draft[] = [];
  const clock = { monoMs: () => 0, wallMs: () => 0, after: () => () => undefined };
  const write: Journal["write"] = (decide) => {
    const drafts = decide();
    if (drafts.ok) written.push(...drafts.value);
    return Promise.resolve(ok([]));
  };
  const stamp = { lamport: 1, author: "a", id: "b", wall: 0 };
  const spend = { ...stamp, claim, epoch: 1, member: "m", day: "2026-11-21", agent: "acp big-agent", models, reserved };
  const context = { item: "aaaaaaaaaaaa", claimOp: CLAIM, note: () => undefined, deps: { clock, journal: { write } } };
  await returnUnused(context, [spend]);
  return written;
}

test("what was set aside for an agent that never ran is given back on its claim", async () => {
  expect(await returned(new Map(), 500_000)).toEqual([
    {
      entity: "aaaaaaaaaaaa",
      on: CLAIM,
      body: { kind: "item.spend", day: "2026-11-21", agent: "acp big-agent", models: new Map(), reserved: 0 },
    },
  ]);
});

test("a run whose cost nobody knows keeps what was set aside, and nothing is written for other claims or for nothing", async () => {
  expect(await returned(new Map([["", new Map()]]), 500_000)).toEqual([]);
  expect(await returned(new Map(), 500_000, "c2")).toEqual([]);
  expect(await returned(new Map(), 0)).toEqual([]);
});

test("an agent that tells its use a thousand times a second does not make its node add up the whole ledger as often", () => {
  const author = { signer: testSigner("payer"), incarnation: new Uint8Array(8) };
  const replica = createReplica(
    foundMesh({ ...author, meshName: "m", nodeName: "n", wallMs: 1 }, testCrypto).mesh,
    testCrypto,
  );
  let looks = 0;
  let nowMs = 0;
  const view: typeof replica.view = () => {
    looks += 1;
    return replica.view();
  };
  const clock = { monoMs: () => nowMs, wallMs: () => 0, after: () => () => undefined };
  const context = { item: "aaaaaaaaaaaa", claimOp: CLAIM, deps: { clock, replica: { ...replica, view } } };
  const caps = { attempt: null, item: null, day: 2_000_000, unknown: "refuse" as const };
  const check = createCapsCheck(context, () => caps, "2026-11-21");
  for (let spent = 0; spent < 2_000; spent++) {
    nowMs += 1;
    expect(check(spent)).toBeUndefined();
  }
  expect(looks).toBe(2);
  expect(check(2_000_000)).toBe("today's work has cost $2.00 of $2.00");
});
