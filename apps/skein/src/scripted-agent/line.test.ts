import { expect, test } from "vitest";
import { cleanLine, titleOf } from "./line.ts";

test("a line loses what could end it, move the cursor or turn it around", () => {
  expect(cleanLine(" a\r\nb\t\u001b[31mc\u2028d\u202ee  f ")).toBe("a b [31mc d e f");
});

test("a long line is cut between characters", () => {
  expect(cleanLine("👍".repeat(201))).toBe(`${"👍".repeat(199)}…`);
  expect(cleanLine("x".repeat(200))).toBe("x".repeat(200));
});

test("the title is the first line of prose, without heading marks", () => {
  expect(titleOf("\n\n## Add a greeting\nmore")).toBe("Add a greeting");
  expect(titleOf("#1 is broken")).toBe("#1 is broken");
  expect(titleOf("```skein\n- print: x\n```\nLater prose")).toBe("");
});
