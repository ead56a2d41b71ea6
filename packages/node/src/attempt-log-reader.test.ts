/** An attempt's output is read from the node that captured it, and from nobody who answers in its place. */
import { type BoardAttempt, createReplica, foundMesh, itemIdFrom, type Message } from "@skein/core";
import { testCrypto, testSigner } from "@skein/core/testing";
import { expect, test } from "vitest";

import { createLogReader } from "./attempt-log-reader.ts";
import type { PeerLink } from "./links/peer-link.ts";
import { createManualClock } from "./testing/link-stand.ts";

const ITEM = itemIdFrom(new Uint8Array(8).fill(3));
const ATTEMPT: BoardAttempt = {
  item: ITEM,
  epoch: 1,
  node: "bob",
  nodeName: "bob",
  startedAt: 1,
  endedAt: null,
  outcome: "running",
  note: "",
};

function linkTo(name: string) {
  const asked: Message[] = [];
  const link: PeerLink = {
    initiated: true,
    remoteAddress: name,
    peer: () => undefined,
    send: (message) => asked.push(message),
    push: () => undefined,
    announceHeads: () => undefined,
    facts: () => ({ rttMs: undefined, queuedBytes: 0, opsBehind: undefined, upForMs: 0 }),
    confirm: () => undefined,
    close: () => undefined,
  };
  return { link, asked };
}

const logData = (text: string): Message => {
  const bytes = new TextEncoder().encode(text);
  return { type: "log-data", id: 1, epoch: 1, bytes, end: bytes.length, ended: true };
};

/** Asks bob for the output of his attempt. */
function stand() {
  const author = { signer: testSigner("anna"), incarnation: new Uint8Array(8) };
  const founded = foundMesh({ ...author, meshName: "m", nodeName: "anna", wallMs: 1 }, testCrypto);
  const replica = createReplica(founded.mesh, testCrypto);
  replica.take(founded.frame.bytes);
  const body = { title: "One", text: "", type: "story" as const, priority: 5, labels: [], dependsOn: [] };
  replica.write([{ entity: ITEM, on: null, body: { kind: "item.create", ...body } }], author, 1);
  const [bob, mallory] = [linkTo("bob"), linkTo("mallory")];
  const clock = createManualClock();
  const reader = createLogReader({
    clock,
    logs: { append: () => undefined, read: () => undefined, epochs: () => [] },
    self: () => "anna",
    view: () => replica.view(),
    attempts: () => new Map([[`${ITEM}/1`, ATTEMPT]]),
    linkTo: (member) => (member === "bob" ? bob.link : undefined),
    links: () => [],
    nameOf: (key) => key,
    isRunning: () => false,
  });
  return { reader, clock, bob, mallory, reading: reader.read({ item: ITEM, offset: 0 }) };
}

test("the node that was asked answers", async () => {
  const { reader, bob, reading } = stand();
  expect(bob.asked).toEqual([{ type: "log-read", id: 1, item: ITEM, epoch: 1, offset: 0 }]);
  reader.receive(bob.link, logData("from bob"));
  expect(await reading).toMatchObject({ ok: true, value: { text: "from bob", ended: true } });
});

test("another member that guesses the id is not heard, and does not keep the answer away", async () => {
  const { reader, bob, mallory, reading } = stand();
  reader.receive(mallory.link, logData("made up"));
  reader.receive(bob.link, logData("from bob"));
  expect(await reading).toMatchObject({ ok: true, value: { text: "from bob" } });
});

test("nobody's answer is no answer", async () => {
  const { reader, clock, mallory, reading } = stand();
  reader.receive(mallory.link, logData("made up"));
  clock.advance(10_000);
  expect(await reading).toMatchObject({ ok: false, error: { code: "unavailable" } });
});
