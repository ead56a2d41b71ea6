/** One command that two nodes ended in two ways, and one note that two nodes wrote: the same from any order. */
import { expect, test } from "vitest";

import { annotate, type Annotations, newAnnotations } from "../fold/annotations.ts";
import type { AnnotationBody } from "../op/bodies.ts";
import type { SettleBody } from "../op/chat-bodies.ts";
import { CHAT_SAMPLES, testCrypto } from "../testing/index.ts";
import { commandIdOf, createChatFold } from "./chat-fold.ts";

const sha256 = (bytes: Uint8Array): Uint8Array => testCrypto.sha256(bytes);
const RECEIVED = CHAT_SAMPLES["chat.receive"];
const COMMAND = commandIdOf(RECEIVED.account, RECEIVED.event, sha256);

const stampOf = (lamport: number, author: string) => ({ lamport, author, id: `${lamport}${author}`, wall: lamport });

const end = (outcome: SettleBody["outcome"], more: Partial<SettleBody> = {}): SettleBody => ({
  ...CHAT_SAMPLES["chat.settle"],
  command: COMMAND,
  outcome,
  ...more,
});

/** What became of the command when these ends came in this order. */
function settledBy(...ends: readonly (readonly [SettleBody, number])[]): string | undefined {
  const fold = createChatFold(sha256);
  fold.apply(RECEIVED, stampOf(1, "aa"), { member: "aa", role: "operator" });
  for (const [body, lamport] of ends) fold.apply(body, stampOf(lamport, "bb"), { member: "bb", role: "operator" });
  return fold.commands.get(COMMAND)?.settled?.outcome;
}

test.each([
  ["done", "refused"],
  ["done", "asked"],
  ["done", "ignored"],
  ["asked", "refused"],
] as const)("that a command was %s counts, also when another node says earlier that it was %s", (counts, other) => {
  expect(settledBy([end(counts), 9], [end(other), 3])).toBe(counts);
  expect(settledBy([end(other), 3], [end(counts), 9])).toBe(counts);
});

test("of two ends alike the earlier counts", () => {
  const fold = createChatFold(sha256);
  fold.apply(RECEIVED, stampOf(1, "aa"), { member: "aa", role: "operator" });
  for (const lamport of [9, 3]) {
    fold.apply(end("done", { item: `${lamport}`.padStart(12, "0") }), stampOf(lamport, "bb"), {
      member: "bb",
      role: "operator",
    });
  }
  expect(fold.commands.get(COMMAND)?.settled?.item).toBe("000000000003");
});

function annotated(notes: readonly (readonly [AnnotationBody, ReturnType<typeof stampOf>])[]): Annotations {
  const known = newAnnotations();
  for (const [body, stamp] of notes) {
    const added = annotate(known, body, {
      ...stamp,
      on: null,
      member: stamp.author,
      isOperator: true,
      state: undefined,
    });
    if (!added.ok) throw new Error(added.error);
  }
  return known;
}

test("a note that two nodes wrote for one command is one note, whichever came first", () => {
  const body = { kind: "item.note", note: "0123456789abcdef", text: "see the log", by: "" } as const;
  const [a, b] = [stampOf(3, "aa"), stampOf(9, "bb")];
  const both = [
    [a, b],
    [b, a],
  ].map((order) => annotated(order.map((stamp) => [body, stamp])));
  expect(both.map(({ notes }) => notes.map(({ author }) => author))).toEqual([["aa"], ["aa"]]);
});

test("the same words in two notes are two notes", () => {
  const notes = ["0123456789abcdef", "0123456789abcdee"].map(
    (note) => ({ kind: "item.note", note, text: "+1", by: "" }) as const,
  );
  const known = annotated(notes.map((body, at) => [body, stampOf(at, "aa")]));
  expect(known.notes).toHaveLength(2);
});
