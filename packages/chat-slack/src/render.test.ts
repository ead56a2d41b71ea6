import { block, code, plain, strong } from "@skein/core";
import * as fc from "fast-check";
import { expect, test } from "vitest";

import { lengthOf, render } from "./render.ts";

test("styles become Slack's own, and a block stands by itself without empty lines around it", () => {
  const body = [strong("Build"), plain(" of "), code("main"), plain(":\n"), block("line 1\nline 2"), plain("\nDone.")];
  expect(render(body, [])).toEqual({
    text: "Build of main:\n\nline 1\nline 2\n\nDone.",
    blocks: [
      {
        type: "rich_text",
        elements: [
          {
            type: "rich_text_section",
            elements: [
              { type: "text", text: "Build", style: { bold: true } },
              { type: "text", text: " of " },
              { type: "text", text: "main", style: { code: true } },
              { type: "text", text: ":" },
            ],
          },
          { type: "rich_text_preformatted", elements: [{ type: "text", text: "line 1\nline 2" }] },
          { type: "rich_text_section", elements: [{ type: "text", text: "Done." }] },
        ],
      },
    ],
  });
});

test("buttons carry what they mean, and their labels no emoji", () => {
  const buttons = [
    { label: "Merge", value: "merge 01ABC 3", style: "primary" },
    { label: ":x: No", value: "reject 01ABC 3", style: "danger" },
    { label: "Later", value: "hold 01ABC", style: "normal" },
  ] as const;
  expect(render([plain("?")], buttons).blocks[1]).toEqual({
    type: "actions",
    elements: [
      {
        type: "button",
        action_id: "skein:0",
        text: { type: "plain_text", text: "Merge", emoji: false },
        value: "merge 01ABC 3",
        style: "primary",
      },
      {
        type: "button",
        action_id: "skein:1",
        text: { type: "plain_text", text: ":x: No", emoji: false },
        value: "reject 01ABC 3",
        style: "danger",
      },
      {
        type: "button",
        action_id: "skein:2",
        text: { type: "plain_text", text: "Later", emoji: false },
        value: "hold 01ABC",
      },
    ],
  });
});

test("empty pieces leave nothing behind, which Slack would turn away", () => {
  expect(render([plain(""), block(""), plain("\n"), block("x"), strong("\u0000")], []).blocks).toEqual([
    { type: "rich_text", elements: [{ type: "rich_text_preformatted", elements: [{ type: "text", text: "x" }] }] },
  ]);
  expect(render([], []).blocks).toEqual([]);
});

test("whatever the text, nothing in it is markup: elements are of our kinds only, and the plain text has no brackets", () => {
  const style = fc.constantFrom("plain" as const, "strong" as const, "code" as const, "block" as const);
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("<!channel>", "<@U0ADA>", "*x*", "```", "&lt;!here&gt;", "\u202e", "<https://a.test|b>", "\n"),
  );
  fc.assert(
    fc.property(fc.array(fc.record({ text, style }), { maxLength: 8 }), (body) => {
      const rendered = render(body, []);
      expect(rendered.text).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)/);
      for (const one of rendered.blocks) {
        expect(one.type).toBe("rich_text");
        for (const group of one.elements) {
          expect(["rich_text_section", "rich_text_preformatted"]).toContain("elements" in group ? group.type : "");
          for (const element of "elements" in group ? group.elements : []) {
            expect(element.type).toBe("text");
            expect(element.text).not.toBe("");
            expect(element.text).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/);
            expect(body.some(({ text }) => text.includes(element.text) || /[^\n -~]/.test(text))).toBe(true);
          }
        }
      }
    }),
  );
});

test("the length counts what the engine splits by", () => {
  expect(lengthOf([plain("ab"), block("🧵")])).toBe(4);
});
