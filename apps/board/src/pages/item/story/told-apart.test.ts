/** Whoever writes here too has a name and a colour that no other has. */
import { expect, test } from "vitest";

import { toldApart } from "./told-apart.ts";

const others = (...named: readonly (readonly [number, string])[]): Parameters<typeof toldApart>[0] =>
  new Map(named.map(([client, name]) => [client, { name, selection: undefined }]));

const names = (map: ReturnType<typeof toldApart>): readonly string[] => [...map.values()].map(({ name }) => name);

test("one member in several browsers is told apart by number, in whatever order they were heard of", () => {
  const three = [
    [8, "alice"],
    [2, "bob"],
    [14, "alice"],
  ] as const;
  const shown = toldApart(others(...three), 6);
  expect(new Map([...shown].map(([client, { name }]) => [client, name]))).toEqual(
    new Map([
      [2, "bob"],
      [8, "alice"],
      [14, "alice (2)"],
    ]),
  );
  expect(toldApart(others(...three.toReversed()), 6)).toEqual(shown);
  // All three would have the same colour.
  expect([...shown.values()].map(({ colour }) => colour)).toEqual([2, 3, 4]);
});

test("more than there are colours have some twice, and names that are cut to the same are told apart too", () => {
  const many = toldApart(others(...Array.from({ length: 8 }, (_, client) => [client, `n${client}`] as const)), 6);
  expect(new Set([...many.values()].map(({ colour }) => colour)).size).toBe(6);
  const long = names(toldApart(others([1, `${"x".repeat(40)}1`], [2, `${"x".repeat(40)}2`]), 6));
  expect(new Set(long).size).toBe(2);
});

test("nobody takes the name that another one is told apart by, nor hides behind a long one whose node it is", () => {
  const shown = names(toldApart(others([1, "alice"], [2, "alice (2)"], [3, "alice"], [4, "alice (2)"]), 6));
  expect(new Set(shown).size).toBe(4);
  // What is behind the name comes from this side (cursors.ts).
  const [long = ""] = names(toldApart(others([1, `alice on birch, who is here for long, on mallory`]), 6));
  expect(long).toMatch(/^alice on.*….*on mallory$/u);
  const [wide = ""] = names(toldApart(others([1, "\u{1F9F6}".repeat(40)]), 6));
  expect(wide.isWellFormed()).toBe(true);
});
