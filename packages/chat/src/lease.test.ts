/** Who keeps an account's connection: one node at a time, the next in rank when it is gone. */
import type { ChatView, Lease } from "@skein/core";
import { testCrypto } from "@skein/core/testing";
import { expect, test } from "vitest";

import { createLeaseKeeper, type LeaseInput, LEASE_TTL_MS } from "./lease.ts";
import { createMeshDouble } from "./testing/index.ts";

const NODES = ["aa", "bb", "cc"];
const noChat: ChatView = createMeshDouble().view().chat;
const heldBy = (holder: string, epoch: number, released: boolean = false): ChatView => ({
  ...noChat,
  leases: new Map<string, Lease>([
    ["fake/main", { op: `${holder}${epoch}`, holder, epoch, ttlMs: LEASE_TTL_MS, released }],
  ]),
});

const input = (more: Partial<LeaseInput> = {}): LeaseInput => ({
  account: "fake/main",
  chat: noChat,
  self: "aa",
  speakers: NODES,
  pinned: undefined,
  isExpired: () => false,
  isAlive: () => true,
  nowMs: 0,
  ...more,
});

const keeper = (): ReturnType<typeof createLeaseKeeper> => createLeaseKeeper(testCrypto);

/** Who claims when, of these nodes, each with a keeper of its own. */
function claims(more: Partial<LeaseInput>, nodes: readonly string[] = NODES): readonly (readonly [number, string])[] {
  return nodes
    .flatMap((self) => {
      const one = keeper();
      for (let nowMs = 0; nowMs <= 60_000; nowMs += 500) {
        if (one.plan(input({ ...more, self, nowMs })).type === "claim") return [[nowMs, self] as const];
      }
      return [];
    })
    .toSorted(([a], [b]) => a - b);
}

test("nodes that could all have it do not claim at once", () => {
  const all = claims({});
  expect(all.map(([at]) => at)).toEqual([0, 2_000, 4_000]);
  expect(new Set(all.map(([, self]) => self)).size).toBe(3);
});

test("the next epoch is claimed, and another order of ranks comes with it", () => {
  const chat = heldBy("dd", 6);
  const plan = keeper().plan(input({ chat, isExpired: () => true, speakers: ["aa"] }));
  expect(plan).toEqual({ type: "claim", epoch: 7 });
  const firsts = [1, 2, 3, 4, 5, 6].map(
    (epoch) => claims({ chat: heldBy("dd", epoch), isExpired: () => true })[0]?.[1],
  );
  expect(new Set(firsts).size).toBeGreaterThan(1);
});

test("nobody claims what a living node holds, or what they cannot speak for", () => {
  expect(claims({ chat: heldBy("cc", 1) }, ["aa", "bb"])).toEqual([]);
  expect(claims({ chat: heldBy("dd", 1, true), speakers: [] })).toEqual([]);
  expect(claims({ chat: heldBy("dd", 1), isExpired: () => true, speakers: ["bb"] })).toEqual([[0, "bb"]]);
});

test("what was released is free at once, for its holder as for others", () => {
  expect(claims({ chat: heldBy("cc", 1, true) })).toHaveLength(3);
  expect(keeper().plan(input({ chat: heldBy("aa", 4), self: "aa" })).type).toBe("held");
});

test("the wait for a rank starts again when the holder comes back", () => {
  const one = keeper();
  const [first, second] = claims({ chat: heldBy("cc", 1), isExpired: () => true }, ["aa", "bb"]);
  expect(first?.[0]).toBeLessThan(second?.[0] ?? 0);
  const at = (nowMs: number, isExpired: boolean): string =>
    one.plan(input({ chat: heldBy("cc", 1), self: second?.[1] ?? "", isExpired: () => isExpired, nowMs })).type;
  expect([at(0, true), at(1_000, false), at(5_000, true)]).toEqual(["other", "other", "other"]);
});

test("the node that the account is pinned to is the only one that claims while it lives", () => {
  expect(claims({ pinned: "bb" })).toEqual([[0, "bb"]]);
  expect(claims({ pinned: "zz" })).toHaveLength(3);
});

test("whoever holds it makes room for the pinned node once that can speak", () => {
  const chat = heldBy("aa", 3);
  expect(keeper().plan(input({ chat, pinned: "bb" })).type).toBe("yield");
  expect(keeper().plan(input({ chat, pinned: "bb", speakers: ["aa", "cc"] })).type).toBe("held");
  expect(keeper().plan(input({ chat, pinned: "aa" })).type).toBe("held");
});

test("a holder that lives and says for a whole TTL that it cannot speak has lost it", () => {
  const one = keeper();
  const chat = heldBy("cc", 1);
  const at = (nowMs: number, more: Partial<LeaseInput> = {}): string =>
    one.plan(input({ chat, speakers: ["aa"], nowMs, ...more })).type;
  expect(at(0)).toBe("other");
  expect(at(LEASE_TTL_MS)).toBe("other");
  // It came back in between: the silence begins anew.
  expect(at(LEASE_TTL_MS + 1_000, { speakers: ["aa", "cc"] })).toBe("other");
  expect(at(LEASE_TTL_MS + 2_000)).toBe("other");
  expect(at(2 * LEASE_TTL_MS + 2_001)).toBe("claim");
  // One that is not heard at all is for `isExpired` to judge.
  const deaf = keeper();
  for (const nowMs of [0, 10 * LEASE_TTL_MS]) {
    expect(deaf.plan(input({ chat, speakers: ["aa"], isAlive: () => false, nowMs })).type).toBe("other");
  }
});
