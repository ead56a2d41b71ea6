/** The mesh as one node tells it: whose link is whose, what is heard, and whose clock is elsewhere. */
import type { BoardNode, Head } from "@skein/core";
import { expect, test } from "vitest";

import { createIncidents } from "./incidents.ts";
import type { LinkFacts } from "./links/peer-link.ts";
import { meshAnswer, type MeshFacts } from "./mesh-answer.ts";
import type { Heard } from "./presence.ts";
import { memberNamed, membershipOf } from "./testing/membership.ts";

const [ALDER, BIRCH, CEDAR, ELM] = ["a1", "b2", "c3", "e5"].map((digits) => digits.repeat(32)) as [
  string,
  string,
  string,
  string,
];
const NOW = { monoMs: 10_000, wallMs: 1_790_000_000_000 };
const clock = { monoMs: () => NOW.monoMs, wallMs: () => NOW.wallMs, after: () => () => undefined };
const UP: LinkFacts = { rttMs: 0.8, queuedBytes: 3, opsBehind: 7, upForMs: 4_000.4 };

const boardNode = (id: string, name: string, fields: Partial<BoardNode> = {}): BoardNode => ({
  id,
  name,
  role: "agent",
  removed: false,
  self: false,
  alive: true,
  lastHeardAt: NOW.wallMs,
  version: "0.1.0",
  labels: {},
  slots: 2,
  slotsFree: 1,
  address: "",
  linked: false,
  ...fields,
});

const heard = (node: string, links: readonly string[], wallMs: number): Heard => ({
  beat: {
    node,
    boot: 1,
    counter: 1,
    version: "0.1.0",
    addresses: [],
    labels: {},
    slots: 2,
    slotsFree: 1,
    load: 40,
    lowDisk: false,
    intervalMs: 1_000,
    activity: {},
    accounts: {},
    page: "",
    wallMs,
    links: links.map((id) => id.slice(0, 16)),
  },
  monoMs: 9_250,
  wallMs: NOW.wallMs - 750,
});

/** alder is linked to birch, birch to cedar, and elm is silent. */
function facts(changes: Partial<MeshFacts> = {}): MeshFacts {
  const members = [
    memberNamed(ALDER, "alder"),
    memberNamed(BIRCH, "birch"),
    memberNamed(CEDAR, "cedar"),
    memberNamed(ELM, "elm"),
  ];
  return {
    clock,
    meshId: "3f".repeat(32),
    self: ALDER,
    membership: membershipOf(...members),
    heads: new Map(),
    forks: new Map(),
    nodes: [
      boardNode(ALDER, "alder", { self: true, linked: true }),
      boardNode(BIRCH, "birch", { linked: true }),
      boardNode(CEDAR, "cedar"),
      boardNode(ELM, "elm", { alive: false }),
    ],
    heard: new Map([
      [BIRCH, heard(BIRCH, [ALDER, CEDAR], NOW.wallMs - 750)],
      [CEDAR, heard(CEDAR, [BIRCH, "0".repeat(64)], NOW.wallMs + 60_000)],
      [ELM, heard(ELM, [BIRCH], NOW.wallMs)],
    ]),
    peers: new Map([[BIRCH, { facts: () => UP }]]),
    nameOf: (id) => members.find((one) => one.id === id)?.name ?? id,
    alarms: [],
    incidents: createIncidents(clock),
    ...changes,
  };
}

test("a link of this node is measured, another one is told by its ends, and who is silent tells of none", () => {
  const measured = { own: true, rttMs: 0.8, queuedBytes: 3, opsBehind: 7, upForMs: 4_000 };
  const told = { own: false, rttMs: null, queuedBytes: null, opsBehind: null, upForMs: null };
  expect(meshAnswer(facts()).links).toEqual([
    { a: ALDER, b: BIRCH, toldBy: [ALDER, BIRCH], ...measured },
    { a: BIRCH, b: CEDAR, toldBy: [BIRCH, CEDAR], ...told },
  ]);
});

test("what a peer says of a link to this node is no link when there is none here", () => {
  expect(meshAnswer(facts({ peers: new Map() })).links.map(({ a }) => a)).toEqual([BIRCH]);
});

test("a node's reach, when it was heard on this node's monotonic clock, and how far its wall clock is ahead", () => {
  const nodes = meshAnswer(facts()).nodes.map(({ name, reach, heardAgoMs, skewMs }) => [
    name,
    reach,
    heardAgoMs,
    skewMs,
  ]);
  expect(nodes).toEqual([
    ["alder", "self", 0, 0],
    ["birch", "direct", 750, 0],
    ["cedar", "relayed", 750, 60_750],
    ["elm", "none", 750, 750],
  ]);
});

test("a member's logs are told with the place where one has two histories, which is an alarm", () => {
  const head = (incarnation: string, seq: number): Head => ({ author: BIRCH, incarnation, seq, frame: null });
  const heads = new Map([head("01", 3), head("02", 9)].map((one) => [`${one.author}/${one.incarnation}`, one]));
  const mesh = meshAnswer(facts({ heads, forks: new Map([[`${BIRCH}/02`, 4]]) }));
  expect(mesh.nodes[1]).toMatchObject({
    incarnationCount: 2,
    incarnations: [
      { id: "02", ops: 9, forkedAt: 4 },
      { id: "01", ops: 3, forkedAt: null },
    ],
  });
  expect(mesh.alarms).toEqual([
    {
      type: "fork",
      message: "birch wrote two histories under incarnation 02: nothing it wrote there from op 4 on counts.",
      node: BIRCH,
      at: null,
    },
  ]);
});

test("only tickets that still let somebody in are listed, and none of them by its key", () => {
  const invite = (ticket: string, expires: number, usedBy: string | null, by = ALDER) =>
    [ticket, { ticket, role: "agent" as const, expires, by, usedBy }] as const;
  const { membership } = facts();
  const members = new Map(membership.members).set(ELM, memberNamed(ELM, "elm", new Map()));
  const invites = new Map([
    invite("open", NOW.wallMs + 1, null),
    invite("over", NOW.wallMs - 1, null),
    invite("used", NOW.wallMs + 1, BIRCH),
    invite("of a removed member", NOW.wallMs + 1, null, ELM),
  ]);
  const answer = meshAnswer(facts({ membership: { ...membership, members, invites } }));
  expect(answer.invites).toEqual([{ role: "agent", expires: NOW.wallMs + 1, by: "alder" }]);
});
