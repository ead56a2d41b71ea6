/** What a peer lacks, against a model that looks at every frame. */
import * as fc from "fast-check";
import { expect, test } from "vitest";

import { createFrameIndex } from "./frame-index.ts";
import type { Head } from "./heads.ts";

const FEEDS = ["a/1", "b/1", "b/2", "c/1"] as const;

const headsOf = (seqs: readonly (readonly [string, number])[]): ReadonlyMap<string, Head> =>
  new Map(seqs.map(([feed, seq]) => [feed, { author: feed, incarnation: "", seq }]));

test("the missing frames are those whose last op the heads do not cover, in ascending order", () => {
  const frame = fc.record({ feed: fc.constantFrom(...FEEDS), ops: fc.integer({ min: 1, max: 4 }) });
  const known = fc.array(fc.tuple(fc.constantFrom(...FEEDS, "z/9"), fc.nat(25)), { maxLength: 5 });
  fc.assert(
    fc.property(
      fc.array(frame, { maxLength: 40 }),
      known,
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
        const heads = headsOf(seqs);
        const expected = model.flatMap(({ feed, lastSeq }, at) =>
          at + 1 >= (from ?? 1) && lastSeq > (heads.get(feed)?.seq ?? 0) ? [at + 1] : [],
        );
        expect([...(from === null ? index.missing(heads) : index.missing(heads, from))]).toEqual(expected);
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
  expect([...index.missing(headsOf([["a/1", 5]]))]).toEqual([]);
});

test("the frames of a feed somebody half knows are sent whole", () => {
  const index = createFrameIndex();
  index.add("a/1", 3);
  index.add("a/1", 6);
  expect([...index.missing(headsOf([["a/1", 4]]))]).toEqual([2]);
});
