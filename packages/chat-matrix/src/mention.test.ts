import { expect, test } from "vitest";

import { readMention } from "./mention.ts";

const self = { userId: "@bot:example.org", displayName: "Skein" };
const read = (body: string, content: Readonly<Record<string, unknown>> = {}): string => {
  const { addressed, text } = readMention({ body, ...content }, body, self);
  return `${addressed ? "for me" : "not for me"}: ${text}`;
};
const mentioned = { "m.mentions": { user_ids: ["@ada:example.org", "@bot:example.org"] } };
const html = (formatted_body: string): Readonly<Record<string, unknown>> => ({
  format: "org.matrix.custom.html",
  formatted_body,
});

test.each([
  ["status 7", "not for me: status 7"],
  ["@bot:example.org status 7", "for me: status 7"],
  ["  @bot:example.org: status 7 ", "for me: status 7"],
  ["@bot:example.org, status 7", "for me: status 7"],
  ["@bot:example.org", "for me: "],
  ["@bot:example.org\nstatus 7", "for me: status 7"],
  ["[Skein](https://matrix.to/#/@bot:example.org): status 7", "for me: status 7"],
  ["[x](matrix:u/bot:example.org) status 7", "for me: status 7"],
])("the account's id at the beginning is a mention: %j", (body, expected) => {
  expect(read(body)).toBe(expected);
});

test.each([
  "@bot:example.organic status",
  "@bot:example.org:8448 status",
  "@bot:example.org.evil.example status",
  "@Bot:example.org status",
  "@bot status",
  "ask @bot:example.org",
  "Skein: status",
  "[Skein](https://matrix.to/#/@eve:example.org): status",
  "[@bot:example.org](https://evil.example/#/@bot:example.org): status",
])("another's id, a display name and a mention in passing are none: %j", (body) => {
  expect(read(body)).toBe(`not for me: ${body}`);
});

test("a list of mentions is enough, and a leading name is then left out", () => {
  expect(read("Skein: status 7", mentioned)).toBe("for me: status 7");
  expect(read("Skein status 7", mentioned)).toBe("for me: status 7");
  expect(read("@Skein status 7", mentioned)).toBe("for me: status 7");
  expect(read("@bot status 7", mentioned)).toBe("for me: status 7");
  expect(read("Skeinish status", mentioned)).toBe("for me: Skeinish status");
  expect(read("status, Skein", mentioned)).toBe("for me: status, Skein");
  const unnamed = { ...self, displayName: "" };
  expect(readMention(mentioned, ": x", unnamed)).toEqual({ addressed: true, text: ": x" });
});

test.each([
  '<a href="https://matrix.to/#/@bot:example.org">The &quot;Bot&quot;</a>: status 7',
  "<a href='https://matrix.to/#/%40bot%3Aexample.org'>The &quot;Bot&quot;</a>: status 7",
  '<p><a href="https://matrix.to/#/@bot:example.org?via=example.org&amp;via=b">The "Bot"</a>: status 7</p>',
  '<mx-reply><blockquote>x</blockquote></mx-reply><a href="matrix:u/bot:example.org">The "Bot"</a>: status 7',
])("a pill at the beginning is a mention, whatever it is called: %j", (formatted) => {
  expect(read('The "Bot": status 7', html(formatted))).toBe("for me: status 7");
});

test.each([
  '<a href="https://matrix.to/#/@eve:example.org">Skein</a>: status',
  '<a href="https://evil.example/#/@bot:example.org">Skein</a>: status',
  '<mx-reply><a href="https://matrix.to/#/@bot:example.org">Skein</a></mx-reply>status',
  'ask <a href="https://matrix.to/#/@bot:example.org">Skein</a>',
  '<a href="https://matrix.to/#/%E0%A4%A">Skein</a>: status',
])("a link to somebody else, or inside what is quoted, is none: %j", (formatted) => {
  expect(read("Skein: status", html(formatted))).toBe("not for me: Skein: status");
});

test.each([
  { "m.mentions": null },
  { "m.mentions": { user_ids: "@bot:example.org" } },
  { "m.mentions": { user_ids: [["@bot:example.org"]] } },
  { "m.mentions": { room: true } },
  { format: "org.matrix.custom.html", formatted_body: { a: 1 } },
  { format: "text/html", formatted_body: '<a href="https://matrix.to/#/@bot:example.org">Skein</a>' },
])("what is malformed mentions nobody: %j", (content) => {
  expect(read("Skein: status", content)).toBe("not for me: Skein: status");
});

test("text made to be slow is read at once", () => {
  const started = performance.now();
  const nasty = '<a href="'.repeat(7_000) + "[".repeat(60_000);
  read(nasty, { ...mentioned, ...html(nasty) });
  read("[".repeat(60_000), html(`<p>${" ".repeat(60_000)}`));
  expect(performance.now() - started).toBeLessThan(1_000);
});
