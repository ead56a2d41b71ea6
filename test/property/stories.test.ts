/**
 * Stories edited on many nodes at once, by members that hear each other now and then, are removed, change their keys, fork
 * their feeds and write what no editor makes: in the end all have one text, and it is what folding from the start gives.
 */
import {
  isLive,
  LIMITS,
  type LiveItem,
  type OpBody,
  STORY_FIELDS,
  type StoryField,
  storyClient,
  storyDocument,
  storyDraft,
  storyStateOf,
  toHex,
} from "@skein/core";
import { testCrypto } from "@skein/core/testing";
import { expect, test } from "vitest";
import * as Y from "yjs";

import { createMesh, digest, exchangeAll, forSeeds, load, type Mesh, type Node, step, writeDrafts } from "./mesh.ts";

const textsOf = ({ replica }: Node): readonly (readonly [string, ...(string | undefined)[]])[] =>
  [...replica.view().items.values()]
    .map(({ id, registers }) => [id, ...STORY_FIELDS.map((field) => registers?.[field].value)] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));

let sessions = 0;

const by = (node: Node): { author: string; incarnation: string } => ({
  author: node.key,
  incarnation: toHex(node.incarnation),
});

/** Changes a word somewhere, as somebody at an editor does. */
function edited(mesh: Mesh, node: Node, item: LiveItem, field: StoryField, as: Node = node): OpBody {
  const { prng } = mesh;
  const text = Array.from(item.registers[field].value);
  text.splice(prng.int(text.length + 1), prng.int(4), ...Array.from(prng.pick(["a", "bc 😀", "\n- ", "é", ""])));
  return storyDraft(item, field, text.join(""), { feed: by(as), session: ++sessions, crypto: testCrypto }).body;
}

function edit(mesh: Mesh, node: Node): void {
  const { prng } = mesh;
  const items = [...node.replica.view().items.values()].filter(isLive);
  if (items.length === 0) return;
  const item = prng.pick(items);
  const field = prng.pick(STORY_FIELDS);
  const base = item.stories[field]?.base ?? item.registers[field].id;
  const roll = prng.int(10);
  // Now and then under somebody else's client, on an op that is no text, or as a whole, like an older version.
  const body: OpBody =
    roll === 0
      ? { kind: "item.set", field, value: `whole ${prng.int(99)}` }
      : edited(mesh, node, item, field, roll === 1 ? prng.pick(mesh.nodes) : node);
  const on = roll === 2 ? prng.pick([...item.entries.keys()]) : base;
  writeDrafts(mesh, node, [{ entity: item.id, on, body }]);
}

test("all nodes come to one text, whoever wrote what in which order", () => {
  let tangled = 0;
  let refused = 0;
  let edits = 0;
  forSeeds(80, (seed) => {
    const mesh = createMesh({ seed, size: 2 + (seed % 5) });
    for (let at = 0; at < 70; at++) {
      step(mesh);
      if (mesh.prng.chance(0.7)) edit(mesh, mesh.prng.pick(mesh.nodes));
      // Reading in between must not show in what comes out.
      if (mesh.prng.chance(0.2)) textsOf(mesh.prng.pick(mesh.nodes));
    }
    tangled += new Set(mesh.nodes.map((node) => JSON.stringify(textsOf(node)))).size > 1 ? 1 : 0;
    exchangeAll(mesh);
    const [first] = mesh.nodes;
    if (first === undefined) return;
    for (const node of mesh.nodes) {
      expect(textsOf(node)).toEqual(textsOf(first));
      expect(digest(node.replica)).toBe(digest(first.replica));
    }
    const again = load(mesh, first.stored);
    expect(textsOf({ ...first, replica: again })).toEqual(textsOf(first));
    for (const item of first.replica.view().items.values()) {
      for (const { kind, outcome } of item.entries.values()) {
        if (kind !== "item.write") continue;
        edits++;
        refused += outcome.type === "noted" ? 0 : 1;
      }
    }
  });
  // There was something to merge, and something to refuse.
  expect(tangled).toBeGreaterThan(40);
  expect(refused).toBeGreaterThan(50);
  expect(edits - refused).toBeGreaterThan(300);
});

type Written = Extract<OpBody, { kind: "item.write" }>;

/** What a member that means harm signs as an edit: bytes that nobody's editor makes, others' clients, gaps, bombs, false names. */
const HOSTILE: Readonly<Record<string, (mesh: Mesh, node: Node, item: LiveItem, honest: Written) => Partial<Written>>> =
  {
    "random bytes": ({ prng }) => ({ update: prng.bytes(prng.int(40)) }),
    "a byte changed": ({ prng }, _node, _item, { update }) => {
      const [changed, at] = [update.slice(), prng.int(update.length)];
      changed[at] = prng.int(256);
      return { update: changed };
    },
    "cut short": ({ prng }, _node, _item, { update }) => ({ update: update.slice(0, prng.int(update.length)) }),
    "sessions of nobody": ({ prng }) => ({ sessions: [prng.int(1_000_000)] }),
    "another node's clients": (mesh, node, item, { field }) => {
      const other = mesh.prng.pick(mesh.nodes.filter((one) => one !== node));
      const body = edited(mesh, node, item, field ?? "text", other);
      return body.kind === "item.write" ? { sessions: body.sessions, update: body.update } : {};
    },
    "a gap before its pieces": (_mesh, node, item, { field }) => {
      const session = ++sessions;
      const doc = storyDocument([storyStateOf(item, field ?? "text").state]);
      doc.clientID = storyClient(by(node), item.id, session, testCrypto);
      doc.getText("text").insert(0, "never sent");
      const before = Y.encodeStateVector(doc);
      doc.getText("text").insert(0, "sent");
      return { sessions: [session], update: Y.encodeStateAsUpdate(doc, before) };
    },
    "other types than text": (_mesh, node, item) => {
      const session = ++sessions;
      const doc = new Y.Doc();
      doc.clientID = storyClient(by(node), item.id, session, testCrypto);
      doc.getMap("text").set("a", new Y.Doc());
      doc.getText("other").insertEmbed(0, { evil: true });
      return { sessions: [session], update: Y.encodeStateAsUpdate(doc) };
    },
    "longer than an edit may be": () => ({ update: new Uint8Array(LIMITS.storyUpdateBytes + 1) }),
    "in the name of others": (mesh) => ({ by: mesh.nodes.map(({ key }) => `mesh:${key}`) }),
    "a name that is none": () => ({ by: ["slack:T1/U1"] }),
  };

test("whatever a member signs as an edit, all nodes come to one text and one digest", () => {
  const outcomes = new Map(Object.keys(HOSTILE).map((name) => [name, { written: 0, counted: 0 }]));
  forSeeds(40, (seed) => {
    const mesh = createMesh({ seed, size: 3 + (seed % 3) });
    const { prng } = mesh;
    const evil = prng.pick(mesh.nodes);
    const names = new Map<string, string>();
    for (let at = 0; at < 80; at++) {
      step(mesh);
      if (prng.chance(0.4)) edit(mesh, prng.pick(mesh.nodes));
      const item = [...evil.replica.view().items.values()].filter(isLive).at(prng.int(3));
      if (item === undefined) continue;
      const field = prng.pick(STORY_FIELDS);
      const honest = edited(mesh, evil, item, field);
      if (honest.kind !== "item.write") continue;
      const [name, make] = prng.pick(Object.entries(HOSTILE));
      const on = item.stories[field]?.base ?? item.registers[field].id;
      const known = new Set(item.entries.keys());
      writeDrafts(mesh, evil, [{ entity: item.id, on, body: { ...honest, ...make(mesh, evil, item, honest) } }]);
      for (const id of evil.replica.view().items.get(item.id)?.entries.keys() ?? [])
        if (!known.has(id)) names.set(id, name);
    }
    exchangeAll(mesh);
    for (const node of mesh.nodes) {
      expect(textsOf(node)).toEqual(textsOf(evil));
      expect(digest(node.replica)).toBe(digest(evil.replica));
    }
    expect(textsOf({ ...evil, replica: load(mesh, evil.stored) })).toEqual(textsOf(evil));
    for (const item of evil.replica.view().items.values()) {
      for (const { id, outcome } of item.entries.values()) {
        const tally = outcomes.get(names.get(id) ?? "");
        if (tally === undefined) continue;
        tally.written++;
        tally.counted += outcome.type === "noted" ? 1 : 0;
      }
    }
  });
  for (const [name, { written }] of outcomes) {
    expect(written, name).toBeGreaterThan(10);
  }
  // What others are parts of an honest edit now and then: a deletion needs no session, and who wrote is the author's word.
  for (const never of ["other types than text", "longer than an edit may be", "a name that is none"]) {
    expect(outcomes.get(never)?.counted, never).toBe(0);
  }
  expect(outcomes.get("in the name of others")?.counted).toBeGreaterThan(0);
});
