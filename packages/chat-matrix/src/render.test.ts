import { block, code, plain, strong } from "@skein/core";
import type { OutgoingMessage } from "@skein/chat";
import { expect, test } from "vitest";

import { editContent, messageContent, reactionContent } from "./render.ts";

const message = (body: OutgoingMessage["body"], more: Partial<OutgoingMessage> = {}): OutgoingMessage => ({
  key: "k",
  room: "!room:example.org",
  thread: null,
  threadTitle: "",
  quotes: null,
  body,
  buttons: [],
  onlyFor: null,
  lastInboundMs: null,
  ...more,
});

test("every style has its markup, and the text beside it has none", () => {
  const body = [plain("Item "), strong("7"), plain(" says\n"), block("a < b"), plain("\nsee "), code("x & y")];
  expect(messageContent(message(body))).toEqual({
    msgtype: "m.notice",
    body: "Item 7 says\n\na < b\n\nsee x & y",
    format: "org.matrix.custom.html",
    formatted_body: "Item <strong>7</strong> says<pre><code>a &lt; b</code></pre>see <code>x &amp; y</code>",
    "m.mentions": {},
  });
});

test.each([plain, strong, code, block])("no character of a text becomes markup, in any style", (style) => {
  const every = Array.from({ length: 0x250 }, (_, code) => String.fromCharCode(code)).join("");
  const html = String(messageContent(message([style(every)]))["formatted_body"]);
  const text = html
    .replace(/^<\w+>(?:<code>)?/, "")
    .replace(/(?:<\/\w+>)+$/, "")
    .replaceAll("<br>", "\n");
  expect(text).not.toMatch(/[<>"']/);
  expect(text).not.toMatch(/&(?!amp;|lt;|gt;|quot;|#39;)/);
});

test("only line breaks between texts and blocks are saved, never text", () => {
  const html = (...body: OutgoingMessage["body"]): unknown => messageContent(message(body))["formatted_body"];
  expect(html(plain("a\n\n"), block("x"), plain("\n\nb"))).toBe("a<br><pre><code>x</code></pre><br>b");
  expect(html(plain("\n"), block("x"), plain("\n"), block("y"))).toBe(
    "<pre><code>x</code></pre><pre><code>y</code></pre>",
  );
  expect(html(plain("a\n"), strong("b"))).toBe("a<br><strong>b</strong>");
});

test("halves of pairs and control characters are shown as unreadable", () => {
  const text = "a\ud800b\udc00c\0d\u{1b}e\u{85}f\t\r\n😀";
  expect(messageContent(message([plain(text)]))["body"]).toBe("a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}e\u{fffd}f\t\n😀");
});

test("threads and replies are named as clients expect them", () => {
  const relation = (thread: string | null, quotes: string | null): unknown =>
    messageContent(message([plain("x")], { thread, quotes }))["m.relates_to"];
  expect(relation(null, null)).toBeUndefined();
  expect(relation(null, "$q")).toEqual({ "m.in_reply_to": { event_id: "$q" } });
  expect(relation("$t", null)).toEqual({
    rel_type: "m.thread",
    event_id: "$t",
    is_falling_back: true,
    "m.in_reply_to": { event_id: "$t" },
  });
  expect(relation("$t", "$q")).toEqual({
    rel_type: "m.thread",
    event_id: "$t",
    is_falling_back: false,
    "m.in_reply_to": { event_id: "$q" },
  });
});

test("an edit mentions nobody, in the old text and in the new one", () => {
  const content = editContent(message([plain("@room & Ada")]), "$sent");
  expect(content).toEqual({
    msgtype: "m.notice",
    body: "* @room & Ada",
    "m.mentions": {},
    "m.new_content": messageContent(message([plain("@room & Ada")])),
    "m.relates_to": { rel_type: "m.replace", event_id: "$sent" },
  });
});

test("a reaction is an annotation", () => {
  expect(reactionContent("$m", "👀")).toEqual({
    "m.relates_to": { rel_type: "m.annotation", event_id: "$m", key: "👀" },
  });
});
