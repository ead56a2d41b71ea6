/** Output is found over nodes in between, and nobody can be made to ask without end. */
import type { Message } from "@skein/core";
import { expect, test } from "vitest";

import type { PeerLink } from "./links/peer-link.ts";
import { createPeerReads, type PeerReads, type PieceQuestion } from "./peer-reads.ts";
import { createManualClock, type ManualClock } from "./testing/link-stand.ts";

const HOLDER = "holder";
const QUESTION: PieceQuestion = { item: "abc", epoch: 3, offset: 10 };

interface Stand {
  readonly reads: PeerReads;
  links(): readonly PeerLink[];
}

/** Nodes in a row, each linked to its neighbors; the last one has the output. */
function row(names: readonly string[], clock: ManualClock) {
  const nodes = new Map<string, Stand>();
  const sent: string[] = [];
  const linkBetween = new Map<string, PeerLink>();
  const link = (from: string, to: string): PeerLink => {
    const known = linkBetween.get(`${from}>${to}`);
    if (known !== undefined) return known;
    const made = quiet((message) => {
      sent.push(`${from}>${to} ${message.type}`);
      nodes.get(to)?.reads.receive(link(to, from), message);
    });
    linkBetween.set(`${from}>${to}`, made);
    return made;
  };
  for (const [at, name] of names.entries()) {
    const neighbors = [names[at - 1], names[at + 1]].filter((one) => one !== undefined);
    const links = (): readonly PeerLink[] => neighbors.map((to) => link(name, to));
    const reads = createPeerReads({
      clock,
      own: ({ epoch }) => (name === HOLDER ? { epoch, bytes: new Uint8Array([7]), end: 11, ended: false } : undefined),
      onward: () => ({ holder: neighbors.includes(HOLDER) ? link(name, HOLDER) : undefined, others: links() }),
    });
    nodes.set(name, { reads, links });
  }
  const asker = nodes.get(names[0] ?? "");
  if (asker === undefined) throw new Error("a row has nodes");
  return { asker, sent, node: (name: string) => nodes.get(name) };
}

const quiet = (send: (message: Message) => void): PeerLink => ({
  initiated: true,
  remoteAddress: "",
  peer: () => undefined,
  send,
  push: () => undefined,
  announceHeads: () => undefined,
  facts: () => ({ rttMs: undefined, queuedBytes: 0, opsBehind: undefined, upForMs: 0 }),
  confirm: () => undefined,
  close: () => undefined,
});

test.each([
  [["anna", HOLDER], 0],
  [["anna", "bob", HOLDER], 1],
  [["anna", "bob", "carol", HOLDER], 2],
] as const)("output is read along %j", async (names, between) => {
  const { asker, sent } = row(names, createManualClock());
  expect(await asker.reads.ask(asker.links(), QUESTION, between)).toMatchObject({ epoch: 3, end: 11 });
  expect(sent).toHaveLength(2 * (between + 1));
});

test("a question goes no further than it may, and whoever asked hears that at once", async () => {
  const { asker, sent } = row(["anna", "bob", "carol", "dave", HOLDER], createManualClock());
  expect(await asker.reads.ask(asker.links(), QUESTION, 2)).toBeUndefined();
  expect(sent.filter((one) => one.endsWith("log-read"))).toEqual(["anna>bob log-read", "bob>carol log-read"]);
});

test("a member that asks without end makes a node ask others no more than its budget allows", async () => {
  const clock = createManualClock();
  const { asker, sent } = row(["mallory", "bob", HOLDER], clock);
  const answers = await Promise.all(Array.from({ length: 200 }, () => asker.reads.ask(asker.links(), QUESTION, 2)));
  expect(answers.filter((one) => one !== undefined)).toHaveLength(30);
  expect(sent.filter((one) => one === "bob>holder log-read")).toHaveLength(30);
  clock.advance(1_000);
  expect(await asker.reads.ask(asker.links(), QUESTION, 2)).toBeDefined();
});

test("an answer to another question, or of more than one piece, is none; one that is late is too", async () => {
  const clock = createManualClock();
  const reads = createPeerReads({ clock, own: () => undefined, onward: () => ({ holder: undefined, others: [] }) });
  const answer = { type: "log-data", epoch: 3, bytes: new Uint8Array([1]), end: 1, ended: true } as const;
  for (const wrong of [{ epoch: 4 }, { epoch: 0 }, { end: 0 }, { bytes: new Uint8Array(70_000), end: 70_000 }]) {
    const link: PeerLink = quiet((message) => {
      if (message.type === "log-read") reads.receive(link, { ...answer, ...wrong, id: message.id });
    });
    expect(await reads.ask([link], QUESTION, 0)).toBeUndefined();
  }
  const silent = reads.ask([quiet(() => undefined)], QUESTION, 0);
  clock.advance(5_000);
  expect(await silent).toBeUndefined();
});
