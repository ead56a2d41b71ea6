/**
 * A body as Slack's blocks. Pure. Rich text elements are never parsed by Slack, so a text from outside cannot become a
 * mention, a link or markup there; the plain `text` beside them, which notifications show, is escaped.
 */
import type { Button } from "@skein/chat";
import { type Body, plainText, type Span } from "@skein/core";

/** In UTF-16 units of the body. Slack takes about 12,000 in all blocks together and advises 4,000. */
export const MAX_TEXT = 3_000;
/** Of one `actions` block. */
export const MAX_BUTTONS = 25;

export const ACTION_ID: RegExp = /^skein:[0-9]{1,2}$/;

interface TextElement {
  readonly type: "text";
  readonly text: string;
  readonly style?: { readonly bold: true } | { readonly code: true };
}

interface TextGroup {
  readonly type: "rich_text_section" | "rich_text_preformatted";
  readonly elements: readonly TextElement[];
}

interface ButtonElement {
  readonly type: "button";
  readonly action_id: string;
  readonly text: { readonly type: "plain_text"; readonly text: string; readonly emoji: false };
  readonly value: string;
  readonly style?: "primary" | "danger";
}

type Block =
  | { readonly type: "rich_text"; readonly elements: readonly TextGroup[] }
  | { readonly type: "actions"; readonly elements: readonly ButtonElement[] };

export interface Rendered {
  readonly text: string;
  readonly blocks: readonly Block[];
}

export function render(body: Body, buttons: readonly Button[]): Rendered {
  const spans = body.map((span) => ({ ...span, text: withoutTricks(span.text) }));
  const groups = groupsOf(spans.map(withoutSeamBreaks).filter(({ text }) => text !== ""));
  return {
    text: escaped(plainText(spans)),
    blocks: [
      ...(groups.length === 0 ? [] : [{ type: "rich_text" as const, elements: groups }]),
      ...(buttons.length === 0 ? [] : [{ type: "actions" as const, elements: buttons.map(buttonOf) }]),
    ],
  };
}

/** What is measured against `MAX_TEXT`. */
export const lengthOf = (body: Body): number => body.reduce((sum, { text }) => sum + text.length, 0);

/** Control characters, and those that turn the direction of everything after them around; letters of any script stay. */
const withoutTricks = (text: string): string =>
  // oxlint-disable-next-line no-control-regex -- they are what is taken out
  text.replace(/[\u0000-\u0008\u000b-\u001f\u007f\u202a-\u202e\u2066-\u2069]/g, "");

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** A block brings its own line breaks: one that the text beside it has as well would be an empty line. */
function withoutSeamBreaks(span: Span, index: number, all: readonly Span[]): Span {
  if (span.style === "block") return span;
  const start = all[index - 1]?.style === "block" ? span.text.replace(/^\n/, "") : span.text;
  return { ...span, text: all[index + 1]?.style === "block" ? start.replace(/\n$/, "") : start };
}

/** A block of fixed pitch stands by itself; everything between two of them is one section. */
function groupsOf(spans: readonly Span[]): readonly TextGroup[] {
  const groups: { type: TextGroup["type"]; elements: TextElement[] }[] = [];
  for (const span of spans) {
    const type = span.style === "block" ? "rich_text_preformatted" : "rich_text_section";
    const last = groups.at(-1);
    if (type === "rich_text_section" && last?.type === type) last.elements.push(elementOf(span));
    else groups.push({ type, elements: [elementOf(span)] });
  }
  return groups;
}

function elementOf({ text, style }: Span): TextElement {
  switch (style) {
    case "strong":
      return { type: "text", text, style: { bold: true } };
    case "code":
      return { type: "text", text, style: { code: true } };
    case "plain":
    case "block":
      return { type: "text", text };
  }
}

const buttonOf = ({ label, value, style }: Button, index: number): ButtonElement => ({
  type: "button",
  action_id: `skein:${index}`,
  text: { type: "plain_text", text: withoutTricks(label), emoji: false },
  value,
  ...(style === "normal" ? {} : { style }),
});
