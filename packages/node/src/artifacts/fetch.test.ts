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
  confirm: () => undefined,
  close: () => undefined,
});

/** What each peer answers with; one whose bytes end early stops in the middle. */
type Peers = Readonly<Record<string, { readonly bytes: Uint8Array; readonly end?: number }>>;

function stand(peers: Peers) {
  const asked: string[] = [];
  const taken: number[] = [];
  let abandoned = 0;
  const reads: Pick<PeerReads, "ask"> = {
    ask: ([first], { offset }, hops) => {
      const name = hops > 0 ? "behind" : (first?.remoteAddress ?? "");
      asked.push(`${name} ${offset}`);
      const peer = peers[name];
      if (peer === undefined || offset > peer.bytes.length) return Promise.resolve(undefined);
      const bytes = peer.bytes.subarray(offset, offset + LIMITS.logBytes);
      const end = peer.end ?? peer.bytes.length;
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
  // Only `receive` is used of it.
  const run = fetchBlob(
    { blobs: blobs as Blobs, reads, links: () => names },
    { digest: DIGEST, size: GOOD.length },
    [],
  );
  return { run, asked, taken, abandoned: () => abandoned };
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
