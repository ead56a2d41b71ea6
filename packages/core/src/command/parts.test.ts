/** Parts of items: what a parent waits for, and that nobody waits in a circle. */
import { expect, test } from "vitest";

import { foundMesh } from "../log/genesis.ts";
import { createReplica } from "../log/replica.ts";
import { testCrypto, testSigner } from "../testing/index.ts";
import { decide } from "./decide.ts";
import { isLive, type LiveItem } from "./find.ts";
import { openParts, partsByParent } from "./parts.ts";
import { parseCommand } from "./parse.ts";

const me = { signer: testSigner("parts"), incarnation: new Uint8Array(8).fill(1) };

function worldOf() {
  const { mesh, frame } = foundMesh({ ...me, meshName: "m", nodeName: "n", wallMs: 1 }, testCrypto);
  const replica = createReplica(mesh, testCrypto);
  replica.take(frame.bytes);
  let count = 0;
  const run = (name: string, input: object): string => {
    const parsed = parseCommand(name, input);
    if (!parsed.ok) throw new Error(parsed.error.message);
    const decided = decide(parsed.value.command, {
      view: replica.view(),
      heads: replica.heads(),
      self: [...replica.view().membership.members.keys()][0] ?? "",
      role: "owner",
      wallMs: ++count,
      idBytes: testCrypto.sha256(new Uint8Array([count])).slice(0, 8),
      ticketKey: new Uint8Array(),
      pairingHash: new Uint8Array(),
      by: "",
    });
    if (!decided.ok) return decided.error.message;
    replica.write(decided.value.drafts, me, count);
    return decided.value.item ?? "";
  };
  const open = (parent: string): readonly string[] => {
    const { items } = replica.view();
    return openParts(partsByParent(items).get(parent) ?? [], items, () => true);
  };
  const item = (id: string): LiveItem => {
    const found = replica.view().items.get(id);
    if (found === undefined || !isLive(found)) throw new Error("it does not live");
    return found;
  };
  return { replica, run, open, item, add: (title: string, more = {}) => run("item.add", { title, ...more }) };
}

test("a parent waits for parts that have not landed, and not for those that were archived, deleted or taken out", () => {
  const world = worldOf();
  const parent = world.add("The whole");
  const parts = ["a", "b", "c", "d"].map((title) => world.add(title, { parent, start: true }));
  const [landed = "", archived = "", deleted = "", out = ""] = parts;
  expect(world.open(parent).toSorted()).toEqual(parts.toSorted());
  world.run("item.archive", { item: archived });
  world.run("item.delete", { item: deleted });
  world.run("item.edit", { item: out, parent: "none" });
  expect(world.open(parent)).toEqual([landed]);
  const body = { kind: "item.land", commit: "c".repeat(40), at: 1 } as const;
  world.replica.write([{ entity: landed, on: world.item(landed).best.id, body }], me, 99);
  expect(world.open(parent)).toEqual([]);
});

test("what would make an item wait for itself is refused, by parts and dependencies alike", () => {
  const world = worldOf();
  const [a, b, c] = [world.add("a"), world.add("b"), world.add("c")];
  expect(world.run("item.edit", { item: a, parent: a })).toBe("An item cannot be a part of itself.");
  expect(world.run("item.edit", { item: b, parent: a })).toBe(b);
  expect(world.run("item.edit", { item: c, parent: b })).toBe(c);
  expect(world.run("item.edit", { item: a, parent: c })).toContain("both would wait for ever");
  expect(world.run("item.edit", { item: c, dependsOn: [a] })).toContain("both would wait for ever");
  expect(world.run("item.edit", { item: a, dependsOn: [c] })).toBe(a);
  expect(world.run("item.add", { title: "d", parent: "zzz" })).toContain("There is no item zzz");
});

test("in a circle that two people made apart from each other nobody waits for what stands above", () => {
  const world = worldOf();
  const [a, b] = [world.add("a"), world.add("b")];
  const set = (item: string, value: string) =>
    ({ entity: item, on: world.item(item).best.id, body: { kind: "item.set", field: "parent", value } }) as const;
  world.replica.write([set(a, b), set(b, a)], me, 99);
  expect([world.open(a), world.open(b)]).toEqual([[], []]);
  const part = world.add("part", { parent: a });
  expect([world.open(a), world.open(b)]).toEqual([[part], []]);
});
