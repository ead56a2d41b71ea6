/** Output as lines of spans: colours go on over pieces and lines, nothing is hidden, and only the last lines are held. */
import { expect, test } from "vitest";

import { createLogText, type LogLine, LINES_HELD } from "./log-text.ts";

const shown = (lines: readonly LogLine[]): unknown =>
  lines.map(({ spans }) => spans.map(({ text, style }) => (style === "" ? text : `<${style}>${text}`)).join(""));

test("a colour goes on over lines and pieces until it ends", () => {
  const log = createLogText();
  log.add("plain \u001b[31mred\nstill ");
  log.add("red\u001b[0m plain\n\u001b[1;92mbold green\u001b[m.");
  expect(shown(log.lines())).toEqual([
    "plain <ansi-red-fg>red",
    "<ansi-red-fg>still <ansi-red-fg>red plain",
    "<ansi-bright-green-fg log-bold>bold green.",
  ]);
});

test("nothing is hidden, and colours that the page has no names for are left out", () => {
  const log = createLogText();
  log.add("\u001b[8mhidden\u001b[0m \u001b[38;2;1;2;3mtrue\u001b[0m \u001b[38;5;200mpalette\u001b[0m");
  log.add('\n<img src=x onerror="alert(1)">');
  expect(shown(log.lines())).toEqual(["hidden true palette", '<img src=x onerror="alert(1)">']);
});

test("only the last lines are held, with their numbers, and it says how many came before", () => {
  const log = createLogText();
  for (let at = 1; at <= LINES_HELD + 10; at++) log.add(`line ${at}\n`);
  const lines = log.lines();
  expect([log.left(), lines.length, lines[0]?.number]).toEqual([10, LINES_HELD, 11]);
  expect(shown(lines.slice(-1))).toEqual([`line ${LINES_HELD + 10}`]);
});

test("a line without an end takes no more than a line's room", () => {
  const log = createLogText();
  for (let at = 0; at < 100; at++) log.add("x".repeat(1_000));
  const [line] = log.lines();
  expect(line?.spans.reduce((sum, { text }) => sum + text.length, 0)).toBe(4_000);
});
