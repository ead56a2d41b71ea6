import type { BoardClaim, BoardNode } from "@skein/core";
import { expect, test } from "vitest";
import { nodeOf } from "../../testing/boards.ts";
import { type Hearing, leaseLeftMs } from "./lease.ts";

const node = (id: string, self: boolean, lastHeardAt: number | null): BoardNode =>
  nodeOf({ id, name: id, self, lastHeardAt });

const CLAIM: BoardClaim = { node: "b", nodeName: "b", epoch: 1, since: 0, expired: false, ttlMs: 60_000 };

const hearing = (heardAt: number | null): Hearing => ({
  nodes: new Map([node("a", true, 1_000_000), node("b", false, heardAt)].map((one) => [one.id, one])),
  takenAtMs: 500,
});

test("what is left is the node's own reckoning, and then this browser's clock", () => {
  expect(leaseLeftMs(hearing(990_000), CLAIM, 500)).toBe(50_000);
  expect(leaseLeftMs(hearing(990_000), CLAIM, 10_500)).toBe(40_000);
  expect(leaseLeftMs(hearing(990_000), CLAIM, 90_500)).toBe(0);
  // A holder heard after the node looked at its own clock has been silent for no time, not for less.
  expect(leaseLeftMs(hearing(1_000_400), CLAIM, 500)).toBe(60_000);
});

test("nothing is counted for who was never heard, and for a lease that is over", () => {
  expect(leaseLeftMs(hearing(null), CLAIM, 500)).toBeUndefined();
  expect(leaseLeftMs(hearing(990_000), { ...CLAIM, node: "c" }, 500)).toBeUndefined();
  expect(leaseLeftMs(hearing(990_000), { ...CLAIM, expired: true }, 500)).toBeUndefined();
});
