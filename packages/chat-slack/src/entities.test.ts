import { expect, test } from "vitest";

import { readTyped } from "./entities.ts";

test.each([
  ["plain text", "status", "status"],
  ["escaped characters", "a &lt;b&gt; &amp; c", "a <b> & c"],
  ["characters that were escaped by the person", "&amp;lt;!channel&amp;gt;", "&lt;!channel&gt;"],
  ["a mention of a person", "assign #3 <@U0ADA>", "assign #3 @U0ADA"],
  ["a mention with a name, which is only a name", "assign #3 <@U0ADA|the boss>", "assign #3 @U0ADA"],
  ["a channel", "see <#C0ROOM|general> and <#C0ROOM>", "see #general and #C0ROOM"],
  [
    "a link that was typed",
    "see <http://example.org|example.org> <https://a.test/x>",
    "see example.org https://a.test/x",
  ],
  ["a link with a text of its own", "<https://evil.test/?a=1&amp;b=2|docs>", "docs (https://evil.test/?a=1&b=2)"],
  ["an address", "<mailto:ada@example.org|ada@example.org>", "ada@example.org"],
  ["everybody", "<!channel> <!here|@here> <!subteam^S1|@team> <!subteam^S1>", "@channel @here @team @subteam"],
  ["a date", "<!date^1392734382^{date}|Feb 18, 2014>", "Feb 18, 2014"],
  ["a quoted line", "&gt; merge 01ABC\nno", "no"],
  ["all that is quoted after three signs", "no\n&gt;&gt;&gt; merge 01ABC\nmerge 01ABC", "no"],
  ["a comparison, which is no quote", "a &gt; b", "a > b"],
  ["an unfinished entity", "a < b <@U0BOT", "a < b <@U0BOT"],
])("%s is what the person typed", (_, raw, typed) => {
  expect(readTyped(raw, "U0BOT")).toEqual({ text: typed, mentioned: false });
});

test.each([
  ["at the start", "<@U0BOT> status", "status"],
  ["with a name", "<@U0BOT|skein> status", "status"],
  ["with a colon", "<@U0BOT>: status", "status"],
  ["in the middle", "hey <@U0BOT>, status", "hey status"],
  ["at the end", "status <@U0BOT>", "status"],
  ["twice", "<@U0BOT> <@U0BOT> status", "status"],
  ["alone", "<@U0BOT>", ""],
  ["before a new line, which stays", "<@U0BOT>\n  indented", "indented"],
])("a mention of the bot %s is taken out and told", (_, raw, typed) => {
  expect(readTyped(raw, "U0BOT")).toEqual({ text: typed, mentioned: true });
});

test.each([
  ["its name", "@skein status"],
  ["a person with a longer id", "<@U0BOT2> status"],
  ["a person with the bot's name", "<@U0ADA|U0BOT> status"],
  ["an escaped mention", "&lt;@U0BOT&gt; status"],
  ["a quoted mention", "&gt; <@U0BOT> status\nok"],
  ["the sign that stands for it", "\u0000 status"],
  ["the sign in a label", "<https://a.test|\u0000> status"],
])("%s is no mention of the bot", (_, raw) => {
  expect(readTyped(raw, "U0BOT").mentioned).toBe(false);
});
