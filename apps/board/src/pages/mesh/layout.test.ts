/** The graph of the mesh stands the same every time, inside its room, with no card on another one. */
import { expect, test } from "vitest";

import { type Graph, type Layout, layoutOf } from "./layout.ts";

const CARD = { width: 180, height: 80 };
const GAP = { width: 60, height: 30 };

function meshOf(count: number, width: number): Graph {
  const nodes = Array.from({ length: count }, (_, place) => String((place * 7_919) % 9_973).repeat(8));
  const links = nodes.flatMap((a, place) => nodes.slice(place + 1, place + 4).map((b) => [a, b] as const));
  return { nodes, links, width, card: CARD, gap: GAP };
}

function overlaps({ at }: Layout): number {
  const points = [...at.values()];
  return points.flatMap((one, place) =>
    points
      .slice(place + 1)
      .filter((other) => Math.abs(one.x - other.x) < CARD.width - 2 && Math.abs(one.y - other.y) < CARD.height - 2),
  ).length;
}

test("one mesh has one layout, in whatever order its nodes are told", () => {
  const graph = meshOf(7, 1_200);
  const again = layoutOf({ ...graph, nodes: graph.nodes.toReversed() });
  expect(again.at).toEqual(layoutOf(graph).at);
});

test.each([
  [1, 1_200],
  [3, 1_200],
  [12, 1_200],
  [40, 1_400],
  [5, 358],
])("%i cards in %i pixels lie beside each other, inside their room", (count, width) => {
  const layout = layoutOf(meshOf(count, width));
  expect(layout.at.size).toBe(count);
  expect(overlaps(layout)).toBe(0);
  for (const { x, y } of layout.at.values()) {
    expect(x).toBeGreaterThanOrEqual(CARD.width / 2 - 1);
    expect(x).toBeLessThanOrEqual(width - CARD.width / 2 + 1);
    expect(y).toBeGreaterThanOrEqual(CARD.height / 2 - 1);
    expect(y).toBeLessThanOrEqual(layout.height - CARD.height / 2 + 1);
  }
});

test("a link to somebody who is not there is left out", () => {
  expect(layoutOf({ ...meshOf(2, 600), links: [["nobody", "somebody"]] }).at.size).toBe(2);
});
