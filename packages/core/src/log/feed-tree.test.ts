/** A feed with more branches than a message has room for: it costs its author, and not the feeds beside it. */
import { expect, test } from "vitest";

import { feedId, type FrameHeader } from "../op/frame.ts";
import { LIMITS } from "../op/limits.ts";
import { createHeadsCollector, pagesOf } from "../sync/heads-pages.ts";
import { decodeMessage, encodeMessage } from "../sync/message.ts";
import { testCrypto } from "../testing/index.ts";
import { branchId, createFeedTree, type FeedTree } from "./feed-tree.ts";
import type { Heads } from "./heads.ts";

const hashOf = (text: string): Uint8Array => testCrypto.sha256(new TextEncoder().encode(text));

/** A frame of one op; its hash is that of the text. */
const frame = (author: string, text: string, firstSeq = 1, prev: string | null = null) => ({
  hash: hashOf(text),
  header: {
    mesh: hashOf("mesh"),
    author: hashOf(author),
    incarnation: new Uint8Array(8),
    firstSeq,
    prevFrame: prev === null ? null : hashOf(prev),
    opIds: [hashOf(`op of ${text}`)],
  } satisfies FrameHeader,
});

function take(tree: FeedTree, { header, hash }: ReturnType<typeof frame>): string {
  return tree.add(header, hash, header.opIds[0] ?? hash, tree.place(header, hash));
}

const feedOf = (author: string): string => feedId(hashOf(author), new Uint8Array(8));

/** What somebody with this log understands of the other one's heads, over the wire. */
function told(heads: Heads, to: FeedTree): Heads {
  const collector = createHeadsCollector(to);
  for (const message of pagesOf({ type: "heads", heads })) {
    const decoded = decodeMessage(encodeMessage(message), LIMITS.messageBytes);
    if (!decoded.ok) throw new Error(decoded.error);
    if (decoded.value.type === "heads-page") collector.page(decoded.value.heads);
    else if (decoded.value.type === "heads") return collector.finish(decoded.value.heads);
  }
  throw new Error("a listing has an end");
}

const MANY = 3 * LIMITS.feeds;

/** So many first frames of the liar, and one of somebody honest. */
function forkedTree(names: (place: number) => string = (place) => `lie ${place}`): FeedTree {
  const tree = createFeedTree();
  for (let place = 0; place < MANY; place++) take(tree, frame("liar", names(place)));
  take(tree, frame("ann", "first"));
  return tree;
}

test("of two logs with the same thousands of branches, one lacks exactly the honest frame that the other has more", () => {
  const [a, b] = [forkedTree(), forkedTree()];
  take(a, frame("ann", "second", 2, "first"));
  expect(b.compare(told(a.heads(), b), []).lacking).toBe(true);
  const { known, lacking } = a.compare(told(b.heads(), a), []);
  expect(lacking).toBe(false);
  expect(known.size).toBe(MANY + 1);
  expect([...known].filter(([id]) => id !== feedOf("ann")).every(([, seq]) => seq === 1)).toBe(true);
  expect(known.get(feedOf("ann"))).toBe(1);
});

test("thousands of branches that are not here do not hide how much of an honest feed is", () => {
  const [a, b] = [createFeedTree(), forkedTree()];
  take(a, frame("liar", "another lie"));
  take(a, frame("ann", "first"));
  take(a, frame("ann", "second", 2, "first"));
  expect(a.compare(told(b.heads(), a), []).known.get(feedOf("ann"))).toBe(1);
});

test("a frame is found on whichever branch it is, and each history begins a branch of its own", () => {
  const tree = forkedTree();
  const last = `lie ${MANY - 1}`;
  const place = (one: ReturnType<typeof frame>) => tree.place(one.header, one.hash);
  expect(place(frame("liar", last)).type).toBe("duplicate");
  expect(tree.forks.get(feedOf("liar"))).toBe(1);
  const branch = branchId(feedOf("liar"), hashOf(last));
  expect(take(tree, frame("liar", "more", 2, last))).toBe(branch);
  expect(place(frame("liar", "less", 2, last))).toMatchObject({ type: "fork", parent: branch });
  expect(place(frame("liar", "elsewhere", 2, "never seen")).type).toBe("disputed");
  expect(place(frame("liar", "far", 9, "never seen")).type).toBe("gap");
  expect(tree.heads().size).toBe(MANY + 1);
});

test("whoever holds a branch holds what each of those below it shares with it", () => {
  const [a, b] = [createFeedTree(), createFeedTree()];
  for (const tree of [a, b]) take(tree, frame("liar", "0"));
  for (let seq = 2; seq <= 200; seq++) {
    // Each branch grows from the one before.
    const next = frame("liar", `${seq - 1}`, seq, `${seq - 2}`);
    for (const tree of [a, b]) {
      take(tree, next);
      take(tree, frame("liar", `beside ${seq}`, seq, `${seq - 2}`));
    }
  }
  take(a, frame("liar", "beyond", 201, "199"));
  const { known, lacking } = a.compare(b.heads(), []);
  expect(lacking).toBe(false);
  expect([...known]).toEqual([...b.heads()].map(([id, { seq }]) => [id, seq]));
});
