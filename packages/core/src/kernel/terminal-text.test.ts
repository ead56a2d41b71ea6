/** Output of programs is shown with its colors and with nothing else that a terminal would obey. */
import * as fc from "fast-check";
import { expect, test } from "vitest";

import { createTerminalFilter, plainOutput, shownOutput } from "./terminal-text.ts";

const E = "\u001b";
const filtered = (chunks: readonly string[]): string => {
  const filter = createTerminalFilter({ colors: true });
  return chunks.map((chunk) => filter.write(chunk)).join("");
};

test.each([
  ["colors", `${E}[1;31mred${E}[0m ${E}[38:2::1:2:3mx`, `${E}[1;31mred${E}[0m ${E}[38:2::1:2:3mx`],
  ["a color with an 8-bit introducer", "\u009b31mred", `${E}[31mred`],
  ["text, tabs and lines of any script", "a\tb\nü漢😀\n", "a\tb\nü漢😀\n"],
])("%s go through", (_what, text, shown) => {
  expect(filtered([text])).toBe(shown);
});

test.each([
  ["movements of the cursor", `a${E}[2J${E}[1;1H${E}[?1049hb`],
  ["a key's new meaning, with letters between", `a${E}[>4;2m${E}[0 mb`],
  ["a title", `a${E}]0;evil\u0007b`],
  ["a clipboard", `a${E}]52;c;ZXZpbA==${E}\\b`],
  ["a link", `a${E}]8;;http://evil${E}\\b${E}]8;;${E}\\`],
  ["a device control string", `a${E}P+q544e${E}\\b`],
  ["8-bit strings", "a\u009d0;evil\u009cb\u0090x\u009c"],
  ["a character set and a reset", `a${E}(0${E}cb${E}#8`],
  ["bells, backspaces and returns", "a\u0007\b\r\u0000\u007fb\u0085"],
  ["changes of direction", "a\u202e\u2066b\u2069\u2028"],
  ["a sequence within a sequence", `a${E}[3${E}]0;x${E}[2Jb`],
  ["a sequence that is cancelled", `a${E}]0;evil\u0018b`],
])("%s are taken out", (_what, text) => {
  expect(filtered([text])).toBe("ab");
});

test("a sequence without an end hides no more than its line, and a long one not even that", () => {
  expect(filtered([`a${E}]0;title\nnext`])).toBe("a\nnext");
  expect(filtered([`a${E}]${"x".repeat(10_000)}`])).toMatch(/^ax{5000,6000}$/);
  expect(filtered([`a${E}[31`])).toBe("a");
});

/** Pieces that sequences are made of, so that all of their states come up. */
const nasty = fc
  .array(
    fc.oneof(
      fc.constantFrom(E, "[", "]", "P", "\\", "m", "31", ";", "?", " ", "\n", "\u0007", "\u009b", "\u009c", "\u0018"),
      fc.string({ unit: "binary", maxLength: 4 }),
      fc.constantFrom("ü", "😀", "text"),
    ),
    { maxLength: 30 },
  )
  .map((parts) => parts.join(""));

// oxlint-disable-next-line no-control-regex -- what must not come out but as the beginning of a color
const HARMLESS = /^(?:\u001b\[[0-9;:]*m|[^\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069])*$/u;

test("whatever goes in, and however it is cut, the same harmless text comes out", () => {
  fc.assert(
    fc.property(fc.array(nasty, { maxLength: 5 }), (chunks) => {
      const whole = filtered([chunks.join("")]);
      expect(filtered(chunks)).toBe(whole);
      expect(whole).toMatch(HARMLESS);
      expect(plainOutput(chunks.join(""))).not.toContain(E);
    }),
    { numRuns: 500 },
  );
});

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

test("pieces of any size, each going on where the one before it ended, show what the whole does", () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 });
  fc.assert(
    fc.property(fc.oneof(nasty.map(bytesOf), fc.uint8Array({ maxLength: 40 })), sizes, (output, steps) => {
      let shown = "";
      let from = 0;
      for (let turn = 0, size = 0; from < output.length; turn++) {
        // What cannot be shown by itself is asked for again, with more behind it.
        size += steps[turn % steps.length] ?? 1;
        const to = Math.min(output.length, from + size);
        const piece = shownOutput(output.subarray(from, to), to === output.length);
        shown += piece.text;
        if (piece.bytes > 0) size = 0;
        from += piece.bytes;
      }
      expect(shown).toBe(shownOutput(output, true).text);
      expect(shown).toMatch(HARMLESS);
    }),
    { numRuns: 500 },
  );
});

test("colors that are on at the end end there", () => {
  const filter = createTerminalFilter({ colors: true });
  expect(filter.write(`${E}[31mred`) + filter.end()).toBe(`${E}[31mred${E}[0m`);
  expect(filter.write(`${E}[31mred${E}[m`) + filter.end()).toBe(`${E}[31mred${E}[m`);
});
