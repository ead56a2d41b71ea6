/** Who gets into whose way: what is known of it, what is told of it, and what comes later because of it. */
import { expect, test } from "vitest";

import { isLive, type LiveItem } from "../command/find.ts";
import { foundMesh } from "../log/genesis.ts";
import { createReplica } from "../log/replica.ts";
import type { OpBody } from "../op/bodies.ts";
import { LIMITS } from "../op/limits.ts";
import { testCrypto, testSigner } from "../testing/index.ts";
import { overlapsOf, rememberingMeets, spread, touchedBy } from "./overlap.ts";

const me = { signer: testSigner("overlap"), incarnation: new Uint8Array(8).fill(1) };
const OID = "c".repeat(40);
const idOf = (letter: string): string => letter.repeat(12);

interface World {
  write(letter: string, ...bodies: readonly OpBody[]): void;
  add(letter: string, touches: readonly string[], priority?: number): void;
  claim(letter: string): void;
  submit(letter: string, touched: readonly string[]): void;
  overlaps(letter: string): readonly (readonly [string, readonly string[]])[];
  /** The letters in the order in which this would start them. */
  order(letters: string, room: number): string;
}

function worldOf(): World {
  const { mesh, frame } = foundMesh({ ...me, meshName: "m", nodeName: "n", wallMs: 1 }, testCrypto);
  const replica = createReplica(mesh, testCrypto);
  replica.take(frame.bytes);
  let wall = 100;
  const item = (letter: string): LiveItem => {
    const found = replica.view().items.get(idOf(letter));
    if (found === undefined || !isLive(found)) throw new Error(`no item ${letter}`);
    return found;
  };
  const write: World["write"] = (letter, ...bodies) => {
    for (const body of bodies) {
      const on = replica.view().items.get(idOf(letter))?.best?.id ?? null;
      replica.write([{ entity: idOf(letter), on, body }], me, wall++);
    }
  };
  return {
    write,
    add: (letter, touches, priority = 5) =>
      write(
        letter,
        { kind: "item.create", title: letter, text: "", type: "story", priority, labels: [], dependsOn: [] },
        { kind: "item.start" },
        { kind: "item.set", field: "touches", value: touches },
      ),
    claim: (letter) => write(letter, { kind: "item.claim", ttl: 60_000 }),
    submit: (letter, touched) =>
      write(letter, {
        kind: "item.submit",
        feature: { featureBranch: `skein/${idOf(letter)}/1`, tip: OID, tree: OID, commitsAhead: 1, touched },
      }),
    overlaps: (letter) =>
      overlapsOf(item(letter), replica.view()).map((one) => [one.item.registers.title.value, one.on]),
    order: (letters, room) =>
      spread(letters.split("").map(item), replica.view(), room, rememberingMeets())
        .map((one) => one.registers.title.value)
        .join(""),
  };
}

test("the diff of a branch counts once it is there, and what a person has said before that", () => {
  const world = worldOf();
  world.add("a", ["src/login/**"]);
  world.add("b", ["src/login/form.ts", "docs/**"]);
  expect(world.overlaps("a")).toEqual([["b", ["src/login/form.ts"]]]);
  expect(world.overlaps("b")).toEqual([["a", ["src/login/**"]]]);
  world.claim("b");
  world.submit("b", ["docs/login.md"]);
  expect(world.overlaps("a")).toEqual([]);
  world.write("b", { kind: "item.pass", evidence: { tree: OID, runs: [] } });
  world.add("c", ["docs/*.md"]);
  expect(world.overlaps("c")).toEqual([["b", ["docs/login.md"]]]);
  world.write("b", { kind: "item.land", commit: OID, at: 1 });
  expect(world.overlaps("c")).toEqual([]);
});

test("what overlaps work under way begins after its equals that do not, and before what is less urgent", () => {
  const world = worldOf();
  world.add("a", ["src/**"]);
  world.claim("a");
  world.add("b", ["src/b.ts"]);
  world.add("c", ["docs/c.md"]);
  world.add("d", []);
  world.add("e", ["test/**"], 4);
  expect(world.order("bcde", 4)).toBe("cdbe");
  expect(world.order("bcde", 1)).toBe("cbde");
  expect(world.order("b", 1)).toBe("b");
});

test("two that overlap each other do not begin at once while there is something else to begin", () => {
  const world = worldOf();
  world.add("a", ["src/**"]);
  world.add("b", ["src/b.ts"]);
  world.add("c", ["docs/**"]);
  expect(world.order("abc", 2)).toBe("acb");
});

test("an item that eight younger ones of its priority have gone before is put off no more", () => {
  const world = worldOf();
  world.add("a", ["src/**"]);
  world.claim("a");
  world.add("b", ["src/b.ts"]);
  for (const letter of "efghjkm") {
    world.add(letter, []);
    world.claim(letter);
  }
  world.add("x", []);
  world.add("y", []);
  expect(world.order("bxy", 2)).toBe("xyb");
  world.claim("x");
  expect(world.order("by", 2)).toBe("by");
});

test("the paths of a diff fit into an op, however many and whatever they are", () => {
  expect(touchedBy(["src/a.ts", "src/a.ts", "b.ts"])).toEqual(["src/a.ts", "b.ts"]);
  expect(touchedBy(["a/*b*/c", "a/?", "b.ts"])).toEqual(["a/**", "b.ts"]);
  expect(touchedBy(["a\nb", " ", "", "\u{feff}a", "ok"])).toEqual(["ok"]);
  const many = Array.from({ length: 500 }, (_, index) => `src/${index % 3}/deep/${index}.ts`);
  expect(touchedBy(many)).toEqual(["src/0/deep/**", "src/1/deep/**", "src/2/deep/**"]);
  expect(touchedBy(Array.from({ length: 40 }, (_, index) => `${index}.ts`))).toEqual(["**"]);
  expect(touchedBy([`src/${"x".repeat(LIMITS.touchLength)}`])).toEqual(["src/**"]);
});
