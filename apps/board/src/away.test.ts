import { expect, test } from "vitest";

import { unsent, wordAsked, wordCommanded } from "./away.ts";
import { frameTexts } from "./texts/frame.ts";

const texts = frameTexts.away;
const timeOf = (): string => "10:32";
const gone = { node: "alice", status: { type: "stale", sinceMs: 1 }, timeOf } as const;
const fresh = { node: "", status: { type: "live" }, timeOf } as const;
const failed = { ok: false, error: { code: "away", message: "Failed to fetch" } } as const;

const messageOf = (answer: ReturnType<typeof unsent>): string => (answer.ok ? "" : answer.error.message);

test("a question that nobody answered names the node, since when it is away, and what to do", () => {
  const told = messageOf(wordAsked(failed, texts, gone));
  expect(told).toMatch(/alice.*since 10:32/);
  expect(told).toContain("skein up");
  expect(told).not.toContain("fetch");
  expect(messageOf(wordAsked(failed, texts, fresh))).toMatch(/^The node does not answer\./);
});

test("a command that was not sent says so; one that was cut off does not claim to know", () => {
  expect(messageOf(unsent(texts, gone))).toMatch(/^Nothing was sent: alice.*since 10:32/);
  expect(messageOf(wordCommanded(failed, texts, gone))).toMatch(/may have done it or not/);
});

test("what a node has said itself stays as it said it", () => {
  const refused = { ok: false, error: { code: "not-allowed", message: "No." } } as const;
  const done = { ok: true, value: 1 } as const;
  for (const answer of [refused, done]) {
    expect(wordAsked(answer, texts, gone)).toBe(answer);
    expect(wordCommanded(answer, texts, gone)).toBe(answer);
  }
});
