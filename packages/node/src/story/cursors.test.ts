/** Cursors between two nodes: told in few words, under names that say where, and gone when nobody repeats them. */
import { createReplica, foundMesh, type StoryText } from "@skein/core";
import { testCrypto, testSigner } from "@skein/core/testing";
import { expect, test } from "vitest";

import type { SealedBeat } from "../presence.ts";
import { createStoryCursors, type StoryCursors } from "./cursors.ts";
import type { Cursor } from "./story-api.ts";

const STORY: StoryText = { item: "0123456789ab", field: "text" };
const END = { item: null, assoc: 0 };
const cursor = (client: number, name: string): Cursor => ({ client, name, selection: { anchor: END, head: END } });

interface End {
  readonly cursors: StoryCursors;
  readonly sent: SealedBeat[];
  readonly heard: (readonly [client: number, name: string | undefined])[];
  own: Cursor[];
  /** Lets this much time go by. */
  pass(ms: number): void;
}

const me = { signer: testSigner("ann"), incarnation: new Uint8Array(8).fill(1) };
const { mesh, frame } = foundMesh({ ...me, meshName: "m", nodeName: "alder", wallMs: 1 }, testCrypto);
const replica = createReplica(mesh, testCrypto);
replica.take(frame.bytes);

function end(self: string = "somebody else"): End {
  let nowMs = 0;
  const due = new Set<{ readonly atMs: number; readonly run: () => void }>();
  const sent: SealedBeat[] = [];
  const heard: (readonly [number, string | undefined])[] = [];
  const one: End = {
    cursors: createStoryCursors({
      clock: {
        monoMs: () => nowMs,
        wallMs: () => nowMs,
        after: (ms, run) => {
          const timer = { atMs: nowMs + ms, run };
          due.add(timer);
          return () => void due.delete(timer);
        },
      },
      crypto: testCrypto,
      signer: () => me.signer,
      self: () => self,
      mesh,
      membership: () => replica.view().membership,
      boot: 1,
      send: (sealed) => sent.push(sealed),
      onHeard: (_item, client, moved) => heard.push([client, moved?.name]),
      own: () => [[STORY, one.own]],
    }),
    sent,
    heard,
    own: [],
    pass: (ms) => {
      nowMs += ms;
      for (const timer of due) {
        if (timer.atMs > nowMs) continue;
        due.delete(timer);
        timer.run();
      }
    },
  };
  return one;
}

test("many moves are told as one, and heard under a name that says at which node", () => {
  const [here, there] = [end(), end()];
  for (let move = 0; move < 50; move++) here.cursors.tell(STORY, 7, cursor(7, move === 49 ? "ann" : "early"));
  here.pass(200);
  expect(here.sent).toHaveLength(1);
  expect(here.sent.map((sealed) => there.cursors.receive(sealed))).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
  expect(there.heard).toEqual([[7, "ann on alder"]]);
  expect(there.cursors.of(STORY).map(({ client }) => client)).toEqual([7]);
  expect(there.cursors.of({ ...STORY, field: "criteria" })).toEqual([]);
  // What was heard already is not passed on again.
  expect(here.sent.map((sealed) => there.cursors.receive(sealed))).toEqual([undefined]);
  here.cursors.tell(STORY, 7, undefined);
  here.pass(200);
  for (const sealed of here.sent) there.cursors.receive(sealed);
  expect(there.heard.at(-1)).toEqual([7, undefined]);
  expect(there.cursors.of(STORY)).toEqual([]);
});

test("a cursor is repeated while it is there, and forgotten when it no longer is", () => {
  const [here, there] = [end(), end()];
  here.own = [cursor(7, "alder")];
  here.cursors.tell(STORY, 7, here.own[0]);
  for (let at = 0; at < 6; at++) {
    here.pass(10_000);
    for (const sealed of here.sent.splice(0)) there.cursors.receive(sealed);
    there.pass(10_000);
  }
  expect(there.cursors.of(STORY).map(({ name }) => name)).toEqual(["alder"]);
  for (let at = 0; at < 4; at++) there.pass(10_000);
  expect(there.cursors.of(STORY)).toEqual([]);
  expect(there.heard.at(-1)).toEqual([7, undefined]);
});

test("a node's own words that come back, and more cursors than anybody has, are not kept", () => {
  const here = end();
  const own = end([...replica.view().membership.members.keys()][0]);
  here.cursors.tell(STORY, 7, cursor(7, "ann"));
  here.pass(200);
  expect(here.sent.map((sealed) => own.cursors.receive(sealed))).toEqual([undefined]);
  const there = end();
  for (let client = 0; client < 100; client++) here.cursors.tell(STORY, client, cursor(client, "ann"));
  for (let at = 0; at < 20; at++) here.pass(200);
  for (const sealed of here.sent) there.cursors.receive(sealed);
  expect(there.cursors.of(STORY)).toHaveLength(64);
});
