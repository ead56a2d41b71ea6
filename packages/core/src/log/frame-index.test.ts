/** What a peer lacks, against a model that looks at every frame. */
import * as fc from "fast-check";
import { expect, test } from "vitest";

import { createFrameIndex } from "./frame-index.ts";

const FEEDS = ["a/1", "b/1", "b/2", "c/1"] as const;

const knownOf = (seqs: readonly (readonly [string, number])[]): ReadonlyMap<string, number> => new Map(seqs);

test("the missing frames are those whose last op somebody does not hold, in ascending order", () => {
  const frame = fc.record({ feed: fc.constantFrom(...FEEDS), ops: fc.integer({ min: 1, max: 4 }) });
  const holdings = fc.array(fc.tuple(fc.constantFrom(...FEEDS, "z/9"), fc.nat(25)), { maxLength: 5 });
  fc.assert(
    fc.property(
      fc.array(frame, { maxLength: 40 }),
      holdings,
      fc.option(fc.integer({ min: 1, max: 45 })),
      (frames, seqs, from) => {
        const index = createFrameIndex();
        const last = new Map<string, number>();
        const model: { readonly feed: string; readonly lastSeq: number }[] = [];
        for (const { feed, ops } of frames) {
          const lastSeq = (last.get(feed) ?? 0) + ops;
          last.set(feed, lastSeq);
          model.push({ feed, lastSeq });
          expect(index.add(feed, lastSeq)).toBe(model.length);
        }
        expect(index.size).toBe(model.length);
        const known = knownOf(seqs);
        const expected = model.flatMap(({ feed, lastSeq }, at) =>
          at + 1 >= (from ?? 1) && lastSeq > (known.get(feed) ?? 0) ? [at + 1] : [],
        );
        expect([...(from === null ? index.missing(known) : index.missing(known, from))]).toEqual(expected);
      },
    ),
    { numRuns: 500 },
  );
});

test("nobody lacks anything of an empty log, and who has nothing lacks everything", () => {
  const index = createFrameIndex();
  expect([...index.missing(new Map())]).toEqual([]);
  for (let at = 1; at <= 5; at++) index.add("a/1", at);
  expect([...index.missing(new Map())]).toEqual([1, 2, 3, 4, 5]);
  expect([...index.missing(knownOf([["a/1", 5]]))]).toEqual([]);
});

test("the frames of a feed somebody half knows are sent whole", () => {
  const index = createFrameIndex();
  index.add("a/1", 3);
  index.add("a/1", 6);
  expect([...index.missing(knownOf([["a/1", 4]]))]).toEqual([2]);
});
