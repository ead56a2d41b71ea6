/** What a look at everything that was ever named costs, and whom it waits for. */
import { createReplica, foundMesh, toHex } from "@skein/core";
import { testCrypto, testSigner } from "@skein/core/testing";
import { expect, test } from "vitest";

import type { PeerLink } from "../links/peer-link.ts";
import type { PieceAnswer } from "../peer-reads.ts";
import type { Blobs, StoredBlob } from "../ports.ts";
import { createCopies } from "./copies.ts";
import type { ArtifactSettings } from "./retention.ts";

const anna = { signer: testSigner("anna"), incarnation: new Uint8Array(8).fill(1) };
const NOW = 1_000_000;
const KEEP_MS = 50_000;
const SETTINGS: ArtifactSettings = { copies: 2, keepMs: KEEP_MS, bytes: 1_000_000 };
const digestOf = (at: number): string => at.toString(16).padStart(64, "0");

const link: PeerLink = {
  initiated: true,
  remoteAddress: "anna",
  peer: () => undefined,
  send: () => undefined,
  push: () => undefined,
  announceHeads: () => undefined,
  facts: () => ({ rttMs: undefined, queuedBytes: 0, opsBehind: undefined, upForMs: 0 }),
  confirm: () => undefined,
  close: () => undefined,
};

/** Anna's attempts, each with one file that two other nodes are to keep; this node is one of two that could. */
function stand(walls: readonly number[]) {
  const { mesh, frame } = foundMesh({ ...anna, meshName: "m", nodeName: "anna", wallMs: 1 }, testCrypto);
  const replica = createReplica(mesh, testCrypto);
  replica.take(frame.bytes);
  const write = (entity: string, body: Parameters<typeof replica.write>[0][number]["body"], wall: number): void => {
    const on = replica.view().items.get(entity)?.best?.id ?? null;
    replica.write([{ entity, on, body }], anna, wall);
  };
  for (const [at, wall] of walls.entries()) {
    const entity = at.toString(36).padStart(12, "0");
    const create = { title: "t", text: "", type: "story", priority: 5, labels: [], dependsOn: [] } as const;
    write(entity, { kind: "item.create", ...create }, 2);
    write(entity, { kind: "item.start" }, 3);
    write(entity, { kind: "item.claim", ttl: 1_000 }, 4);
    const files = [{ sort: "log", name: "log", digest: digestOf(at), size: 10 }] as const;
    write(entity, { kind: "item.artifact", project: "demo", epoch: 1, commit: "", copies: 2, files }, wall);
  }
  let hashes = 0;
  let nowMs = NOW;
  const asked: string[] = [];
  const stored: StoredBlob[] = [];
  const alive = ["carol", toHex(anna.signer.publicKey)];
  const answers: (() => Promise<PieceAnswer | undefined>)[] = [];
  const blobs: Pick<Blobs, "list" | "receive"> = {
    list: () => stored,
    receive: () => {
      throw new Error("nobody has anything");
    },
  };
  const copies = createCopies({
    clock: { monoMs: () => nowMs, wallMs: () => nowMs, after: () => () => undefined },
    crypto: {
      sha256: (bytes) => {
        hashes++;
        return testCrypto.sha256(bytes);
      },
    },
    blobs,
    settings: () => SETTINGS,
    replica,
    self: () => "bob",
    alive: () => alive,
    linkTo: () => undefined,
    links: () => [link],
    reads: {
      ask: (_links, { item }, hops) => {
        if (hops === 0) asked.push(item);
        return answers.shift()?.() ?? Promise.resolve(undefined);
      },
    },
  });
  /** How many hashes one look takes. */
  const look = async (stop = new AbortController().signal, isWanted = (): boolean => false): Promise<number> => {
    const before = hashes;
    await copies.fetchSome(stop, isWanted);
    return hashes - before;
  };
  const pass = (ms: number): void => void (nowMs += ms);
  return { look, asked, stored, alive, answers, pass };
}

test("whom a content is meant for is worked out once, and again when other nodes are alive", async () => {
  const { look, alive, pass } = stand(Array<number>(20).fill(NOW));
  // Two nodes are in question for each.
  expect(await look()).toBe(40);
  expect(await look()).toBe(0);
  pass(40_000);
  expect(await look()).toBe(0);
  alive.push("dave");
  expect(await look()).toBe(60);
  alive.reverse();
  expect(await look()).toBe(0);
});

test("nothing is worked out for what is here or too old", async () => {
  const { look, stored, asked } = stand([NOW, NOW - KEEP_MS, NOW - 1]);
  stored.push({ digest: digestOf(0), packedBytes: 10, storedAtMs: NOW });
  expect(await look()).toBe(2);
  expect(asked).toEqual([digestOf(2)]);
});

test("one look works out so many at most, the newest first, and the next ones go on", async () => {
  const { look, asked } = stand(Array.from({ length: 280 }, (_, at) => NOW - at));
  expect(await look()).toBe(500);
  expect(asked[0]).toBe(digestOf(0));
  expect(await look()).toBe(60);
  expect(await look()).toBe(0);
});

test("what is named by a clock that is ahead is not newer than what is named now, and grows old like it", async () => {
  const { look, asked, pass } = stand([NOW, NOW + 10 * KEEP_MS]);
  await look();
  expect(asked).toEqual([digestOf(0), digestOf(1)]);
  pass(KEEP_MS - 1);
  await look();
  expect(asked).toHaveLength(4);
  pass(40_000);
  await look();
  expect(asked).toHaveLength(4);
});

test("a node that stops, or has something else to do, does not go on to the next content", async () => {
  const stopping = stand([NOW, NOW]);
  const stop = new AbortController();
  stopping.answers.push(() => new Promise(() => undefined));
  const looking = stopping.look(stop.signal);
  await expect.poll(() => stopping.asked).toHaveLength(1);
  stop.abort();
  await looking;
  expect(stopping.asked).toHaveLength(1);
  const busy = stand([NOW, NOW]);
  await busy.look(undefined, () => busy.asked.length > 0);
  expect(busy.asked).toHaveLength(1);
});
