/**
 * A body as the content of a Matrix event. Every piece of text is escaped, and nobody is ever mentioned: `m.mentions` is empty, which
 * also keeps older rules from looking for names and `@room` in the text.
 */
import { plainText, type Body, type Span } from "@skein/core";

import type { OutgoingMessage } from "@skein/chat";

export type Content = Readonly<Record<string, unknown>>;

/** A message of its own, in a thread or not. */
export function messageContent({ body, thread, quotes }: OutgoingMessage): Content {
  return { ...textContent(body), ...relation(thread, quotes) };
}

/** The message that takes the place of `sent`. Clients that know no edits show the star and the text. */
export function editContent({ body }: OutgoingMessage, sent: string): Content {
  const content = textContent(body);
  return {
    msgtype: content["msgtype"],
    body: `* ${String(content["body"])}`,
    "m.mentions": {},
    "m.new_content": content,
    "m.relates_to": { rel_type: "m.replace", event_id: sent },
  };
}

export const reactionContent = (message: string, key: string): Content => ({
  "m.relates_to": { rel_type: "m.annotation", event_id: message, key },
});

function textContent(body: Body): Content {
  const spans = body.map(({ text, style }) => ({ text: printable(text), style }));
  return {
    // Other bots do not answer a notice.
    msgtype: "m.notice",
    body: plainText(spans),
    format: "org.matrix.custom.html",
    formatted_body: toHtml(spans),
    "m.mentions": {},
  };
}

function relation(thread: string | null, quotes: string | null): Content {
  const reply = quotes === null ? {} : { "m.in_reply_to": { event_id: quotes } };
  if (thread === null) return quotes === null ? {} : { "m.relates_to": reply };
  // Clients that know no threads show the message as a reply to something.
  const fallback = { is_falling_back: quotes === null, "m.in_reply_to": { event_id: quotes ?? thread } };
  return { "m.relates_to": { rel_type: "m.thread", event_id: thread, ...fallback } };
}

const toHtml = (body: Body): string => body.map((span, at) => spanToHtml(span, body[at - 1], body[at + 1])).join("");

/** A block brings its own line breaks, so one break of its neighbors toward it is left out. */
function spanToHtml({ text, style }: Span, before: Span | undefined, after: Span | undefined): string {
  switch (style) {
    case "block":
      return `<pre><code>${escapeHtml(text)}</code></pre>`;
    case "strong":
      return `<strong>${escapeLines(text)}</strong>`;
    case "code":
      return `<code>${escapeLines(text)}</code>`;
    case "plain": {
      const start = before?.style === "block" && text.startsWith("\n") ? 1 : 0;
      const end = after?.style === "block" && text.length > start && text.endsWith("\n") ? -1 : undefined;
      return escapeLines(text.slice(start, end));
    }
  }
}

const escapeLines = (text: string): string => escapeHtml(text).replaceAll("\n", "<br>");

const escapeHtml = (text: string): string =>
  text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");

/** Control characters and halves of pairs are no text: some homeservers refuse the whole message for one of them. */
const printable = (text: string): string =>
  text
    .replaceAll("\r\n", "\n")
    .replaceAll("\r", "\n")
    .replaceAll(/(?![\n\t])\p{Cc}|\p{Cs}/gu, "\u{fffd}");
