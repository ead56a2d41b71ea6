import { type Claim, sealBeat, toHex } from "@skein/core";
import { testCrypto, testSigner } from "@skein/core/testing";
import { expect, test } from "vitest";

import { createPresence } from "./presence.ts";

const TTL_MS = 4_000;
const BEAT_MS = 1_000;
const mesh = new Uint8Array(32).fill(7);
const holder = testSigner("holder");
const holderKey = toHex(holder.publicKey);
const claim: Claim = { op: "", holder: holderKey, incarnation: "", epoch: 1, ttlMs: TTL_MS, since: 0 };

/** A presence that has heard the holder once, and whose clock the test moves; its timers run only when the test says so. */
function observe() {
  let now = 0;
  const timers: (() => void)[] = [];
  const stalls: number[] = [];
  const member = { key: holderKey, name: "holder", role: "agent" as const, cut: null, joinedAt: 0 };
  const presence = createPresence({
    clock: {
      monoMs: () => now,
      wallMs: () => now,
      after: (_delay, run) => {
        timers.push(run);
        return () => undefined;
      },
    },
    crypto: testCrypto,
    signer: testSigner("observer"),
    self: "observer",
    mesh,
    membership: () => ({
      meshName: "",
      members: new Map([[holderKey, member]]),
      invites: new Map(),
      projects: new Map(),
      rejected: new Map(),
    }),
    boot: 1,
    intervalMs: BEAT_MS,
    describe: () => description,
    send: () => undefined,
    onStall: (lostMs) => stalls.push(lostMs),
  });
  presence.start();
  presence.receive(sealBeat(mesh, { boot: 1, counter: 1, intervalMs: BEAT_MS, ...description }, holder));
  /** The beat's timer, in time or late. */
  const tick = (): void => timers.shift()?.();
  return { presence, stalls, tick, moveTo: (ms: number) => (now = ms) };
}

const description = { version: "", addresses: [], labels: {}, slots: 1, slotsFree: 1, activity: {} };

test("a holder that is silent for a TTL while the observer runs has lost its claim", () => {
  const { presence, tick, moveTo } = observe();
  for (let ms = BEAT_MS; ms <= TTL_MS; ms += BEAT_MS) {
    moveTo(ms);
    tick();
    expect(presence.isExpired(claim)).toBe(false);
  }
  moveTo(TTL_MS + 1);
  expect(presence.isExpired(claim)).toBe(true);
});

test("after a stall the silence is the observer's own, also before its own beat's timer has noticed", () => {
  const { presence, stalls, tick, moveTo } = observe();
  moveTo(10 * TTL_MS);
  expect(presence.isExpired(claim)).toBe(false);
  tick();
  expect(stalls).toEqual([10 * TTL_MS]);
  for (let ms = BEAT_MS; ms <= TTL_MS; ms += BEAT_MS) {
    moveTo(10 * TTL_MS + ms);
    tick();
    expect(presence.isExpired(claim)).toBe(false);
  }
  moveTo(11 * TTL_MS + 1);
  expect(presence.isExpired(claim)).toBe(true);
});
