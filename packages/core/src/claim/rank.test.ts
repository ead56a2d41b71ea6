/** Who tries first: all nodes agree, and a node that leaves moves only its own items. */
import * as fc from "fast-check";
import { expect, test } from "vitest";

import { testCrypto } from "../testing/index.ts";
import { rankOf } from "./rank.ts";

const nodes = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 8 });
const work = fc.record({ item: fc.string({ minLength: 12, maxLength: 12 }), epoch: fc.nat(100) });

const orderOf = (candidates: readonly string[], on: { item: string; epoch: number }): readonly string[] =>
  candidates.toSorted((a, b) => rankOf(a, candidates, on, testCrypto) - rankOf(b, candidates, on, testCrypto));

test("the ranks are 0 to n-1, the same whatever order the candidates are listed in", () => {
  fc.assert(
    fc.property(nodes, work, (candidates, on) => {
      const ranks = candidates.map((node) => rankOf(node, candidates, on, testCrypto));
      expect(ranks.toSorted((a, b) => a - b)).toEqual(candidates.map((_, place) => place));
      expect(candidates.map((node) => rankOf(node, candidates.toReversed(), on, testCrypto))).toEqual(ranks);
    }),
  );
});

test("when a node leaves, the others keep their order", () => {
  fc.assert(
    fc.property(nodes, work, fc.nat(), (candidates, on, pick) => {
      const leaver = candidates[pick % candidates.length];
      const rest = candidates.filter((node) => node !== leaver);
      expect(orderOf(rest, on)).toEqual(orderOf(candidates, on).filter((node) => node !== leaver));
    }),
  );
});

test("who is no candidate has the rank -1", () => {
  expect(rankOf("c", ["a", "b"], { item: "0123456789ab", epoch: 1 }, testCrypto)).toBe(-1);
});

test("items and epochs spread over the nodes", () => {
  const candidates = ["a", "b", "c", "d"];
  const firsts = new Map<string, number>();
  for (let item = 0; item < 50; item++) {
    for (let epoch = 0; epoch < 8; epoch++) {
      const first = orderOf(candidates, { item: `item${item}`, epoch })[0] ?? "";
      firsts.set(first, (firsts.get(first) ?? 0) + 1);
    }
  }
  // 400 draws over four nodes: 100 each, and a node with less than 60 would be no accident.
  for (const node of candidates) expect(firsts.get(node)).toBeGreaterThan(60);
});

test("the order is frozen: nodes of two versions must agree on it", () => {
  expect(orderOf(["aa", "bb", "cc", "dd"], { item: "0123456789ab", epoch: 1 })).toMatchInlineSnapshot(`
    [
      "dd",
      "bb",
      "cc",
      "aa",
    ]
  `);
});
