/** A content comes from whoever has it; a peer that lies is caught by the digest, and another one is asked. */
import { err, LIMITS, ok } from "@skein/core";
import { expect, test } from "vitest";

import type { PeerLink } from "../links/peer-link.ts";
import type { PeerReads, PieceAnswer } from "../peer-reads.ts";
import type { Blobs } from "../ports.ts";
import { fetchBlob } from "./fetch.ts";

const GOOD = new Uint8Array(LIMITS.logBytes + 10).fill(7);
const DIGEST = "d".repeat(64);

const link = (name: string): PeerLink => ({
  initiated: true,
  remoteAddress: name,
  peer: () => undefined,
  send: () => undefined,
  push: () => undefined,
  announceHeads: () => undefined,
  facts: () => ({ rttMs: undefined, queuedBytes: 0, opsBehind: undefined, upForMs: 0 }),
  confirm: () => undefined,
  close: () => undefined,
});

/** What each peer answers with; one whose bytes end early stops in the middle. */
interface Lot {
  readonly bytes: Uint8Array;
  readonly end?: number | ((offset: number) => number);
  /** So much at a time. */
  readonly step?: number;
  /** From here on it says nothing. */
  readonly silentFrom?: number;
}
type Peers = Readonly<Record<string, Lot>>;

function stand(peers: Peers, stop: AbortSignal = new AbortController().signal) {
  const asked: string[] = [];
  const timers = new Set<() => void>();
  const clock = {
    after: (_delayMs: number, run: () => void) => {
      timers.add(run);
      return () => void timers.delete(run);
    },
  };
  const taken: number[] = [];
  let abandoned = 0;
  const reads: Pick<PeerReads, "ask"> = {
    ask: ([first], { offset }, hops) => {
      const name = hops > 0 ? "behind" : (first?.remoteAddress ?? "");
      asked.push(`${name} ${offset}`);
      const peer = peers[name];
      if (peer === undefined || offset > peer.bytes.length) return Promise.resolve(undefined);
      if (offset >= (peer.silentFrom ?? Infinity)) return new Promise(() => undefined);
      const bytes = peer.bytes.subarray(offset, offset + (peer.step ?? LIMITS.logBytes));
      const end = (typeof peer.end === "function" ? peer.end(offset) : peer.end) ?? peer.bytes.length;
      const answer: PieceAnswer = { type: "log-data", id: 1, epoch: 1, bytes, end, ended: true };
      return Promise.resolve(answer);
    },
  };
  const blobs: Pick<Blobs, "receive"> = {
    receive: () => {
      let length = 0;
      let isGood = true;
      return {
        write: (bytes) => {
          length += bytes.length;
          isGood &&= bytes.every((byte) => byte === 7);
        },
        finish: () => {
          taken.push(length);
          return Promise.resolve(isGood && length === GOOD.length ? ok(undefined) : err("it is not what it says"));
        },
        abandon: () => void (abandoned += 1),
      };
    },
  };
  const names = ["bob", "carol"].map(link);
  const run = fetchBlob({ clock, blobs, reads, links: () => names }, { digest: DIGEST, size: GOOD.length }, [], stop);
  const pass = (): void => {
    for (const timer of timers) timer();
  };
  return { run, asked, taken, timers, pass, abandoned: () => abandoned };
}

test("it comes piece by piece from the first that has it", async () => {
  const { run, asked } = stand({ carol: { bytes: GOOD } });
  expect(await run).toEqual({ ok: true, value: undefined });
  expect(asked).toEqual(["bob 0", "carol 0", `carol ${LIMITS.logBytes}`]);
});

test("it comes from behind the peers when none of them has it", async () => {
  const { run, asked } = stand({ behind: { bytes: GOOD } });
  expect(await run).toEqual({ ok: true, value: undefined });
  expect(asked.at(-1)).toBe(`behind ${LIMITS.logBytes}`);
});

test("after one that lies, one that stops and one that offers too much, an honest one is asked", async () => {
  for (const bob of [
    { bytes: new Uint8Array(GOOD.length).fill(8) },
    { bytes: GOOD.subarray(0, 100), end: GOOD.length },
    { bytes: new Uint8Array(LIMITS.logBytes), end: 10 * GOOD.length },
    { bytes: new Uint8Array(LIMITS.logBytes), end: 100 },
  ]) {
    const { run } = stand({ bob, carol: { bytes: GOOD } });
    expect(await run).toEqual({ ok: true, value: undefined });
  }
  const { run } = stand({ bob: { bytes: new Uint8Array(GOOD.length) } });
  expect(await run).toMatchObject({ ok: false, error: expect.stringContaining("is not it") });
});

test("when nobody has it, that is said", async () => {
  expect(await stand({}).run).toEqual({ ok: false, error: "no node that is reached has it" });
});

test("a node that gives it out in crumbs is left for another one at the first of them", async () => {
  const { run, asked, abandoned } = stand({ bob: { bytes: GOOD, step: 1 }, carol: { bytes: GOOD } });
  expect(await run).toEqual({ ok: true, value: undefined });
  expect(asked).toEqual(["bob 0", "carol 0", `carol ${LIMITS.logBytes}`]);
  expect(abandoned()).toBe(1);
});

test("a node whose end moves on with each piece is left for another one", async () => {
  const end = (offset: number): number => Math.min(GOOD.length, offset + LIMITS.logBytes);
  const { run, asked } = stand({ bob: { bytes: GOOD, end }, carol: { bytes: GOOD } });
  expect(await run).toEqual({ ok: true, value: undefined });
  // Here its first piece is all that it says there is, so the digest tells.
  const later = stand({ bob: { bytes: GOOD, end: (offset) => GOOD.length + offset }, carol: { bytes: GOOD } });
  expect(await later.run).toEqual({ ok: true, value: undefined });
  for (const names of [asked, later.asked]) expect(names.slice(-2)).toEqual(["carol 0", `carol ${LIMITS.logBytes}`]);
});

test("a node that goes silent has its time, and then another one is asked", async () => {
  const { run, asked, pass, timers, abandoned } = stand({
    bob: { bytes: GOOD, silentFrom: LIMITS.logBytes },
    carol: { bytes: GOOD },
  });
  await expect.poll(() => asked).toEqual(["bob 0", `bob ${LIMITS.logBytes}`]);
  pass();
  expect(await run).toEqual({ ok: true, value: undefined });
  expect([abandoned(), timers.size]).toEqual([1, 0]);
});

test("a node that stops waits for nobody's answer, and asks nobody else", async () => {
  for (const silentFrom of [0, LIMITS.logBytes]) {
    const stop = new AbortController();
    const { run, asked, timers } = stand({ bob: { bytes: GOOD, silentFrom }, carol: { bytes: GOOD } }, stop.signal);
    await expect.poll(() => asked.at(-1)).toBe(`bob ${silentFrom}`);
    stop.abort();
    expect(await run).toEqual({ ok: false, error: "this node is stopping" });
    expect([asked.some((one) => one.startsWith("carol")), timers.size]).toEqual([false, 0]);
  }
});
