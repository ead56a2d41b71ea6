/** Text of several lines is shown with its lines and its code, and with nothing that acts. */
import { expect, test } from "vitest";

import { textBlocks, textLines } from "./lines.ts";

test("lines and indentation stay, and what would act or turn the text goes", () => {
  expect(textLines("a\r\n\tb  \u202Ec\u0007\rd")).toBe("a\n    b  c\nd");
});

test("what stands between fences is code, a longer fence holds a shorter one, and one that is not closed goes on", () => {
  const text = "Do it.\n\n```skein\n- print: x\n```\nThen:\n````\n```\nin\n```\n````\n~~~\nopen\n\n";
  expect(textBlocks(text)).toEqual([
    { type: "prose", text: "Do it." },
    { type: "code", text: "```skein\n- print: x\n```" },
    { type: "prose", text: "Then:" },
    { type: "code", text: "````\n```\nin\n```\n````" },
    { type: "code", text: "~~~\nopen" },
  ]);
  expect(textBlocks("\n \n")).toEqual([]);
});
