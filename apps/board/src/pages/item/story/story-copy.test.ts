/** What was typed while nobody heard it is typed again where it belongs, once, whatever happened meanwhile. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import * as Y from "yjs";

import { copyOf, createCopy, retype, ROOT, type StoryCopy } from "./story-copy.ts";

const textOf = ({ doc }: Pick<StoryCopy, "doc">): string => doc.getText(ROOT).toJSON();

function storyWith(text: string): Y.Doc {
  const doc = new Y.Doc();
  doc.getText(ROOT).insert(0, text);
  return doc;
}

const stateOf = (doc: Y.Doc): Uint8Array => Y.encodeStateAsUpdate(doc);

test("edits made while cut off are merged with what others wrote", () => {
  const node = storyWith("one\ntwo\nthree\n");
  const copy = createCopy(stateOf(node), 7);
  copy.doc.getText(ROOT).insert(4, "mine ");
  copy.doc.getText(ROOT).delete(0, 4);
  node.getText(ROOT).insert(14, "theirs\n");
  const back = createCopy(stateOf(node), 8);
  retype(back, copy.unsaved());
  expect(textOf(back)).toBe("mine two\nthree\ntheirs\n");
  const kept = copyOf(copy.unsaved());
  expect(textOf(kept)).toBe("mine two\nthree\n");
});

test("what the node had saved before it was cut off is not typed twice", () => {
  const node = storyWith("a");
  const copy = createCopy(stateOf(node), 7);
  const sent: Uint8Array[] = [];
  copy.onEdit((update) => sent.push(update));
  copy.doc.getText(ROOT).insert(1, "b");
  copy.doc.getText(ROOT).insert(2, "c");
  // The node has the first one, and could not say so any more.
  Y.applyUpdate(node, sent[0] ?? new Uint8Array());
  const back = createCopy(stateOf(node), 8);
  retype(back, copy.unsaved());
  expect(textOf(back)).toBe("abc");
});

test("what builds on something that this node has not heard of is not lost", () => {
  const far = storyWith("far away: ");
  const copy = createCopy(stateOf(far), 7);
  copy.doc.getText(ROOT).insert(10, "typed");
  const back = createCopy(stateOf(storyWith("")), 8);
  retype(back, copy.unsaved());
  expect(textOf(back)).toBe("far away: typed");
});

test("what the node says and what is typed do not count as one another", () => {
  const node = storyWith("x");
  const copy = createCopy(stateOf(node), 7);
  const edits: Uint8Array[] = [];
  copy.onEdit((update) => edits.push(update));
  node.getText(ROOT).insert(1, "y");
  copy.hear(stateOf(node));
  expect(edits).toEqual([]);
  const back = createCopy(stateOf(node), 8);
  retype(back, copy.unsaved());
  expect(textOf(back)).toBe("xy");
});

test("typing again gives what Yjs would have merged", () => {
  const splice = fc.tuple(fc.nat(30), fc.nat(5), fc.constantFrom("a", "bc", "😀", "\n", ""));
  const write = (doc: Y.Doc, [at, remove, insert]: readonly [number, number, string]): void => {
    const text = doc.getText(ROOT);
    const from = Math.min(at, text.length);
    text.delete(from, Math.min(remove, text.length - from));
    text.insert(from, insert);
  };
  fc.assert(
    fc.property(fc.array(splice, { maxLength: 6 }), fc.array(splice, { maxLength: 6 }), (mine, theirs) => {
      const node = storyWith("the story as it was");
      const copy = createCopy(stateOf(node), 7);
      for (const one of mine) write(copy.doc, one);
      for (const one of theirs) write(node, one);
      const merged = new Y.Doc();
      for (const one of [node, copy.doc]) Y.applyUpdate(merged, stateOf(one));
      const back = createCopy(stateOf(node), 8);
      retype(back, copy.unsaved());
      expect(textOf(back)).toBe(textOf({ doc: merged }));
    }),
  );
});
