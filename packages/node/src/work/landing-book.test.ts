/** What a node believes of landings after reading the target branch. */
import { expect, test } from "vitest";

import { createLandingBook } from "./landing-book.ts";

const [A, B] = ["aaaaaaaaaaaa", "bbbbbbbbbbbb"] as const;
const [ONE, TWO] = ["1".repeat(40), "2".repeat(40)] as const;
const branch = (landings: Readonly<Record<string, string>> = {}): ReadonlyMap<string, string> =>
  new Map(Object.entries(landings));

test("a landing is unverified until the branch was read, and verified with the branch's own commit", () => {
  const book = createLandingBook();
  expect(book.of(A)).toEqual({ state: "unverified", commit: null });
  expect(book.isUnsettled([A])).toBe(true);
  const changes = book.read([A], branch({ [A]: ONE, [B]: TWO }), true);
  expect(changes.map(({ item, now }) => [item, now.state, now.commit])).toEqual([[A, "verified", ONE]]);
  expect(book.of(A)).toEqual({ state: "verified", commit: ONE });
  expect(book.isUnsettled([A])).toBe(false);
  expect(book.read([A], branch({ [A]: ONE }), true)).toEqual([]);
});

test("a landing that is nowhere is refuted at the second look, not at the first", () => {
  const book = createLandingBook();
  expect(book.read([A], branch(), true)).toEqual([]);
  expect(book.of(A).state).toBe("unverified");
  expect(book.isUnsettled([A])).toBe(true);
  expect(book.read([A], branch(), true).map(({ now }) => now.state)).toEqual(["refuted"]);
  expect(book.isUnsettled([A])).toBe(false);
  expect([book.count("refuted"), book.count("verified")]).toEqual([1, 0]);
});

test("a refuted landing that happens later is verified", () => {
  const book = createLandingBook();
  book.read([A], branch(), true);
  book.read([A], branch(), true);
  expect(book.read([A], branch({ [A]: ONE }), true)[0]).toMatchObject({
    before: { state: "refuted" },
    now: { state: "verified", commit: ONE },
  });
});

test("a verified landing is refuted when the branch is rewritten without it", () => {
  const book = createLandingBook();
  book.read([A], branch({ [A]: ONE }), true);
  expect(book.read([A], branch(), false)).toEqual([]);
  expect(book.isUnsettled([A])).toBe(true);
  // It was on this very branch: no other project could have it.
  expect(book.read([A], branch(), false)[0]).toMatchObject({
    before: { state: "verified", commit: ONE },
    now: { state: "refuted", commit: null },
  });
  expect(book.read([A], branch({ [A]: TWO }), true)[0]?.now).toMatchObject({ state: "verified", commit: TWO });
});

test("where a miss proves nothing a landing stays unverified, however often the branch is read", () => {
  const book = createLandingBook();
  for (let look = 0; look < 5; look++) book.read([A], branch(), false);
  expect(book.of(A).state).toBe("unverified");
  expect(book.isUnsettled([A])).toBe(false);
});

test("nothing counts any more once it is another repository", () => {
  const book = createLandingBook();
  book.read([A], branch({ [A]: ONE }), true);
  book.clear();
  expect(book.of(A)).toEqual({ state: "unverified", commit: null });
  expect(book.count("verified")).toBe(0);
});
