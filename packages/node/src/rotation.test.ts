/** A rotation at each point where a crash may cut it off, and the gate that keeps other writes out of it. */
import { memberOf, type Membership, ok, type Signer, toHex } from "@skein/core";
import { testSigner } from "@skein/core/testing";
import { expect, test } from "vitest";

import type { Journal } from "./journal.ts";
import type { NodeKeys } from "./ports.ts";
import { createRotation, gateJournal } from "./rotation.ts";

const [old, next, other] = [testSigner("old"), testSigner("next"), testSigner("other")];
const MESH = new Uint8Array(32).fill(1);
const hex = ({ publicKey }: Signer): string => toHex(publicKey);

/** One member whose key is now this one, after the old one. */
function membershipWith(now: Signer): Membership {
  const id = hex(old);
  const member = { id, key: hex(now), name: "anna", role: "owner" as const, cut: null, joinedAt: 0 };
  const keys = [old, now].map((one) => [hex(one), { member: id, cut: null, rotation: null }] as const);
  return {
    meshName: "m",
    members: new Map([[id, member]]),
    keys: new Map(keys),
    invites: new Map(),
    projects: new Map(),
    queues: new Map(),
    work: new Map(),
    budgets: new Map(),
    transfers: new Map(),
    checkpoints: [],
    rejected: new Map(),
  };
}

function world(now: Signer, prepared: Signer | undefined) {
  const steps: string[] = [];
  let current = old;
  let waiting = prepared;
  const keys: NodeKeys = {
    current: () => current,
    prepared: () => waiting,
    prepare: () => {
      waiting ??= next;
      steps.push("prepared");
      return ok(waiting);
    },
    adopt: () => {
      steps.push("adopted");
      current = waiting ?? current;
      waiting = undefined;
      return ok(undefined);
    },
  };
  const rotation = createRotation({
    keys,
    mesh: MESH,
    membership: () => membershipWith(now),
    renewIncarnation: () => steps.push("incarnation"),
    onAdopted: (problem) => steps.push(problem ?? "told"),
  });
  return { rotation, steps, current: () => hex(current) };
}

test("the prepared key is taken when the log says that it is the member's, after a new incarnation", () => {
  const { rotation, steps, current } = world(next, next);
  rotation.look();
  expect(steps).toEqual(["incarnation", "adopted", "told"]);
  expect(current()).toBe(hex(next));
  expect(memberOf(membershipWith(next), hex(old))?.key).toBe(current());
  rotation.look();
  expect(steps).toHaveLength(3);
});

test("a prepared key waits while the log does not name it, or names another", () => {
  for (const now of [old, other]) {
    const { rotation, steps, current } = world(now, next);
    rotation.look();
    expect(steps).toEqual([]);
    expect(current()).toBe(hex(old));
  }
});

test("a key that the log says is the member's, and that is not here, is not taken from anywhere", () => {
  const { rotation, current } = world(other, undefined);
  rotation.look();
  expect(current()).toBe(hex(old));
});

test("a rotation is proposed for a key that is durable already", () => {
  const { rotation, steps } = world(old, undefined);
  const proposed = rotation.propose();
  expect(steps).toEqual(["prepared"]);
  expect(proposed).toMatchObject({ ok: true, value: { from: old.publicKey, to: next.publicKey } });
});

// ── the gate ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Writes in the order of their coming, each at the next turn of the event loop. */
function fakeJournal(): { readonly journal: Journal; readonly written: string[] } {
  const written: string[] = [];
  const turn = { pending: 0 };
  const journal = {
    write: async (decide: () => unknown) => {
      turn.pending++;
      await new Promise((resolve) => setImmediate(resolve));
      turn.pending--;
      written.push(String(decide()));
      return ok([]);
    },
    idle: async () => {
      while (turn.pending > 0) await new Promise((resolve) => setImmediate(resolve));
    },
  };
  // The gate uses nothing else of a journal.
  return { journal: journal as Partial<Journal> as Journal, written };
}

test("what is under way ends before it, what comes meanwhile waits until it is over", async () => {
  const { journal: inner, written } = fakeJournal();
  const { journal, alone } = gateJournal(inner);
  const write = (name: string): Promise<unknown> => journal.write(() => name as never);
  const before = write("before");
  const rotated = alone(async (ungated) => {
    expect(written).toEqual(["before"]);
    await ungated.write(() => "rotation" as never);
    await new Promise((resolve) => setImmediate(resolve));
    written.push("over");
  });
  const meanwhile = write("meanwhile");
  const second = alone((ungated) => ungated.write(() => "second rotation" as never));
  await Promise.all([before, rotated, meanwhile, second]);
  expect(written.slice(0, 3)).toEqual(["before", "rotation", "over"]);
  expect(written.toSorted()).toEqual(["before", "meanwhile", "over", "rotation", "second rotation"]);
});

test("the gate opens again when the rotation fails", async () => {
  const { journal: inner, written } = fakeJournal();
  const { journal, alone } = gateJournal(inner);
  await expect(alone(() => Promise.reject(new Error("no disk")))).rejects.toThrow("no disk");
  await journal.write(() => "after" as never);
  expect(written).toEqual(["after"]);
});
