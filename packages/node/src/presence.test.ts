/** Whose silence it was: the holder's, or the observer's own. */
import { type Claim, type Member, sealBeat } from "@skein/core";
import { testCrypto, testSigner } from "@skein/core/testing";
import { expect, test } from "vitest";

import { createPresence, type Presence } from "./presence.ts";

const mesh = new Uint8Array(32).fill(7);
const holder = testSigner("holder");
const holderKey = Buffer.from(holder.publicKey).toString("hex");
const INTERVAL_MS = 1_000;
const TTL_MS = 3_000;

/** What a beat says of a node of which there is nothing to say. */
const NOTHING = {
  version: "",
  addresses: [],
  labels: {},
  slots: 1,
  slotsFree: 1,
  load: 0,
  lowDisk: false,
  page: "",
  activity: {},
  accounts: {},
  wallMs: 0,
  links: [],
};

interface Observer {
  readonly presence: Presence;
  /** Time passes and timers run, each when it is due. */
  run(ms: number): void;
  /** Time passes and nothing runs: the process was stopped. */
  sleep(ms: number): void;
  /** Runs what is due. */
  wake(): void;
  hear(counter: number): void;
  /** A beat signed with the key of the observer itself, when it is the holder. */
  hearOwn(boot: number, counter: number): void;
  readonly twins: readonly string[];
  isExpired(): boolean;
}

function observer(self = "observer"): Observer {
  let nowMs = 0;
  const timers = new Set<{ readonly atMs: number; readonly run: () => void }>();
  const clock = {
    monoMs: () => nowMs,
    wallMs: () => 0,
    after: (delayMs: number, run: () => void) => {
      const timer = { atMs: nowMs + delayMs, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
  };
  const none = new Map<string, never>();
  const twins: string[] = [];
  const member: Member = { id: holderKey, key: holderKey, name: "holder", role: "agent", cut: null, joinedAt: 0 };
  const members = new Map([[holderKey, member]]);
  const keys = new Map([[holderKey, { member: holderKey, cut: null, rotation: null }]]);
  const presence = createPresence({
    clock,
    crypto: testCrypto,
    signer: () => testSigner("observer"),
    self: () => self,
    mesh,
    membership: () => ({
      meshName: "",
      members,
      keys,
      invites: none,
      projects: none,
      queues: none,
      work: none,
      budgets: none,
      transfers: none,
      rejected: none,
      checkpoints: [],
    }),
    boot: 1,
    intervalMs: INTERVAL_MS,
    describe: () => NOTHING,
    send: () => undefined,
    onStall: () => undefined,
    onTwin: (address) => twins.push(address),
  });
  const wake = (): void => {
    for (const timer of timers) {
      if (timer.atMs > nowMs) continue;
      timers.delete(timer);
      timer.run();
    }
  };
  const beat = { ...NOTHING, intervalMs: INTERVAL_MS };
  const claim: Claim = { op: "", holder: holderKey, incarnation: "", epoch: 1, ttlMs: TTL_MS, since: 0 };
  presence.start();
  return {
    presence,
    twins,
    hearOwn: (boot, counter) => {
      const bytes = { ...beat, addresses: ["ws://192.0.2.9:1"], boot, counter };
      expect(presence.receive(sealBeat(mesh, bytes, holder))).toBe(undefined);
    },
    wake,
    run: (ms) => {
      for (let passed = 0; passed < ms; passed += 100) {
        nowMs += 100;
        wake();
      }
    },
    sleep: (ms) => {
      nowMs += ms;
    },
    hear: (counter) => presence.receive(sealBeat(mesh, { ...beat, boot: 1, counter }, holder)),
    isExpired: () => presence.isExpired(claim),
  };
}

test("a holder that is silent for its TTL has lost its lease", () => {
  const one = observer();
  one.hear(1);
  one.run(TTL_MS);
  expect(one.isExpired()).toBe(false);
  one.run(200);
  expect(one.isExpired()).toBe(true);
});

test("after its own sleep an observer judges nobody: not before its own tick, and not for a TTL behind it", () => {
  const one = observer();
  one.hear(1);
  one.run(500);
  one.sleep(10 * TTL_MS);
  // Whatever timer comes first after the pause asks this; the holder's beats are still unread.
  expect(one.isExpired()).toBe(false);
  one.wake();
  expect(one.isExpired()).toBe(false);
  one.run(TTL_MS - 100);
  one.hear(2);
  one.run(TTL_MS);
  expect(one.isExpired()).toBe(false);
  one.run(200);
  expect(one.isExpired()).toBe(true);
});

test("a process that hears new beats of its own key knows that another one runs with it, and says so once", () => {
  const one = observer(holderKey);
  // Its own, passed on, and what the life before sent last.
  one.run(5 * INTERVAL_MS);
  one.hearOwn(1, 3);
  one.hearOwn(0, 99);
  one.hearOwn(2, 1);
  one.hearOwn(2, 1);
  expect(one.twins).toEqual([]);
  one.hearOwn(2, 2);
  one.hearOwn(2, 3);
  expect(one.twins).toEqual(["ws://192.0.2.9:1"]);
});
