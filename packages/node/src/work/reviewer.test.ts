/** What a reviewer has said. */
import { expect, test } from "vitest";

import { verdictIn } from "./reviewer.ts";

test("the last line is the verdict, whatever stands above it", () => {
  expect(verdictIn('{"verdict": "reject"}\nBut then:\n{"verdict": "approve"}\n\n')).toEqual({
    type: "approve",
    note: "",
  });
  expect(verdictIn('{"verdict": "reject", "note": "No test."}')).toEqual({ type: "reject", note: "No test." });
});

test.each(["", "approve", '{"verdict": "approve"} and more', '{"verdict": true}', "[]", "null", '"approve"'])(
  "%j is no verdict",
  (said) => {
    expect(verdictIn(said).type).toBe("none");
  },
);

test("a note is one short line without control characters, whatever the reviewer writes", () => {
  const note = `a\u001b[31m\nb\u2028c ${"x".repeat(10_000)}`;
  const said = verdictIn(JSON.stringify({ verdict: "reject", note }));
  expect(said.note).toMatch(/^a \[31m b c x+$/);
  expect(said.note.length).toBeLessThanOrEqual(400);
});
