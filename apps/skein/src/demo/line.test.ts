import { expect, test } from "vitest";
import { dim, fit, good, lengthOf, type Line, node, paint, plain, truncate } from "./line.ts";

const names = ["alice", "bob"];
const textOf = (line: Line): string => line.map(({ text }) => text).join("");

test("a line that fits is left as it is", () => {
  const line = [plain("abc"), good("def")];
  expect(truncate(line, 6)).toEqual(line);
});

test("a line that is too long is cut at the columns, across its spans", () => {
  expect(textOf(truncate([plain("abc"), good("def"), dim("ghi")], 5))).toBe("abcd…");
  expect(truncate([plain("abc")], 0)).toEqual([]);
  for (let columns = 1; columns < 12; columns++) {
    expect(lengthOf(truncate([plain("ab"), plain("cdefg"), plain("hij")], columns))).toBeLessThanOrEqual(columns);
  }
});

test("characters that take two columns are not cut in half", () => {
  expect(textOf(truncate([plain("日本語")], 4))).toBe("日…");
  expect(fit(plain("日本"), 5).text).toBe("日本 ");
  expect(lengthOf([plain("👩‍👩‍👧 é")])).toBe(4);
});

test("fitting fills a short span and cuts a long one", () => {
  expect(fit(good("ab"), 4)).toEqual({ text: "ab  ", tone: "good" });
  expect(fit(good("abcdef"), 4)).toEqual({ text: "abc…", tone: "good" });
});

test("without color only the text is painted", () => {
  expect(paint([plain("a"), good("b"), node("bob")], { columns: 80, color: false, names })).toBe("abbob");
});

test("a node has the same color everywhere, and another one than its neighbor", () => {
  const painted = (name: string): string => paint([node(name, "x")], { columns: undefined, color: true, names });
  expect(painted("alice")).toBe("\u001b[36mx\u001b[0m");
  expect(painted("bob")).toBe("\u001b[35mx\u001b[0m");
  expect(painted("mallory")).toBe("x");
});

test("text from elsewhere cannot steer the terminal", () => {
  const painted = paint([plain("a\u001b[2Jb\nc")], { columns: 80, color: true, names });
  expect(painted).toBe("a·[2Jb·c");
});
