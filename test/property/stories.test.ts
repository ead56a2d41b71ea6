/**
 * Stories edited on many nodes at once, by members that hear each other now and then, are removed, change their keys, fork
 * their feeds and write what no editor makes: in the end all have one text, and it is what folding from the start gives.
 */
import { isLive, type LiveItem, type OpBody, STORY_FIELDS, type StoryField, storyDraft, toHex } from "@skein/core";
import { testCrypto } from "@skein/core/testing";
import { expect, test } from "vitest";

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
