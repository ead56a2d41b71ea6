/** What a node says of itself can be said, whatever its agents make it show. */
import { LIMITS, openBeat, sealBeat } from "@skein/core";
import { testCrypto, testSigner } from "@skein/core/testing";
import { expect, test } from "vitest";

import { describeBeat } from "./own-state.ts";
import { createManualClock } from "./testing/link-stand.ts";
import { memberNamed, membershipOf } from "./testing/membership.ts";
import type { Execution } from "./work/executions.ts";

const MESH = new Uint8Array(32).fill(7);
const LABELS = Object.fromEntries(Array.from({ length: 16 }, (_, at) => [`label-${at}`, "x".repeat(90)]));
const ADDRESSES = Array.from({ length: 3 }, (_, at) => `ws://192.0.2.${at}:4710`);

const LINKED = Array.from({ length: LIMITS.beatLinks + 1 }, (_, at) =>
  memberNamed(String(at).padStart(64, "0"), `m${at}`),
);

const doing = (activity: string, at: number): Execution => ({
  item: `item0000000${at}`,
  epoch: 1,
  state: "Running",
  activity,
  startedAt: 0,
});

/** What others hear of eight attempts that all show this; undefined when they cannot read the beat at all. */
function heard(activity: string): readonly string[] | undefined {
  const executions = Array.from({ length: 8 }, (_, at) => doing(activity, at));
  const options = {
    version: "1.2.3",
    announced: () => ADDRESSES,
    labels: LABELS,
    slots: 8,
    clock: createManualClock(),
  };
  const beside = {
    fleet: { isShort: () => true },
    desk: { accounts: () => ({}) },
    links: { peers: () => new Map(LINKED.map(({ key }) => [key, {}])) },
    membership: membershipOf(...LINKED),
  };
  const said = describeBeat(options, { slotsFree: () => 0, executions: () => executions }, beside);
  const sealed = sealBeat(MESH, { boot: 1, counter: 1, intervalMs: 1_000, ...said }, testSigner("a"));
  expect(sealed.bytes.length).toBeLessThanOrEqual(LIMITS.beatBytes);
  const beat = openBeat(sealed, MESH, () => true, testCrypto);
  return beat === undefined ? undefined : Object.values(beat.activity);
}

test("an agent that asks in emojis, in half of one, or at great length keeps its node from no beat", () => {
  const cut = `waiting for an answer: ${"x".repeat(79)}\u{1f600}`.slice(0, 103);
  const long = `waiting: ${"界".repeat(200)}`;
  const longer = `x${"\u{1f600}".repeat(100)}`;
  for (const activity of [cut, long, longer, "\ufeffmark", "a\0b", "plain"]) expect(heard(activity)).toHaveLength(9);
  expect(heard("plain")).toContain("plain");
});
