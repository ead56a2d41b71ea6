/**
 * A body as Discord's markdown. Text of other people never becomes markup, a mention or a link with a false name: what has
 * a meaning is escaped, and what a backslash does not stop (`<@1>`, `@everyone`) is broken with a character of no width.
 */
import { type Body, plainText, type Span } from "@skein/core";

/** Discord's own limit for one message. */
export const CONTENT_MAX = 2_000;

/** Of text that certainly fits: what cannot be escaped within the limit goes into a block instead. */
export const TEXT_MAX = 1_900;

/** Joins nothing, shows nothing, and no rule of the markup reads past it. */
const BREAK = "\u200b";

/**
 * An address is left as it is, because backslashes in it would break it, and goes into angle brackets, which say exactly
 * where it ends: without them Discord reads on to the next space, through any sign of the markup.
 */
const ADDRESS = /https?:\/\/[A-Za-z0-9._~:/?#@!$&=+%-]*[A-Za-z0-9/=_~#&%+$-]/g;

export function render(body: Body): string {
  const full = inMarkdown(body);
  if (full.length <= CONTENT_MAX) return full;
  // Escaping can double a text. In a block nothing has to be escaped.
  const fixed = inBlock(plainText(body)).trim();
  return fixed.length <= CONTENT_MAX ? fixed : inBlock(plainText(body).replaceAll("`", "'")).trim();
}

function inMarkdown(body: Body): string {
  let text = "";
  let before: Span["style"] | undefined;
  for (const span of body) {
    if (span.text === "") continue;
    // `**a****b**` and `` `a``b` `` mean something else than the two one after the other.
    if (before === span.style && span.style !== "plain") text += BREAK;
    if (span.style === "block" && text !== "" && !text.endsWith("\n")) text += "\n";
    text += inStyle(span);
    before = span.style;
  }
  return text.trim();
}

function inStyle({ text, style }: Span): string {
  switch (style) {
    case "plain":
      return escapeMarkdown(text);
    case "strong":
      return `**${escapeMarkdown(text)}**`;
    case "code":
      return inCode(text);
    case "block":
      return inBlock(text);
  }
}

/** Two backticks around, so that single ones can stand inside. */
function inCode(text: string): string {
  const oneLine = withoutFences(text.replace(/\s*\n\s*/g, " "));
  return oneLine.includes("`") ? `\`\` ${oneLine} \`\`` : `\`${oneLine}\``;
}

const inBlock = (text: string): string => `\`\`\`\n${withoutFences(text)}\n\`\`\`\n`;

const withoutFences = (text: string): string => text.replace(/`(?=`)/g, `\`${BREAK}`);

export function escapeMarkdown(text: string): string {
  let escaped = "";
  let at = 0;
  for (const { 0: address, index } of text.matchAll(ADDRESS)) {
    escaped += escapeWords(text.slice(at, index), at === 0) + `<${withoutMention(address)}>`;
    at = index + address.length;
  }
  return escaped + escapeWords(text.slice(at), at === 0);
}

function escapeWords(text: string, isStart: boolean): string {
  const inline = text.replace(/[\\*_~|`[\]]/g, String.raw`\$&`);
  const lines = inline.replace(isStart ? LINE_STARTS : LATER_LINE_STARTS, String.raw`$1$2\$3`);
  return withoutMention(lines);
}

/** Headings, subtext, lists and quotes begin a line. */
const LINE_STARTS = /(^|\n)([ \t]*(?:\d+(?=[.)]))?)([#>.)+-])/g;
const LATER_LINE_STARTS = /(\n)([ \t]*(?:\d+(?=[.)]))?)([#>.)+-])/g;

/** Also at the end of a piece: the next piece could complete it. */
const withoutMention = (text: string): string =>
  text.replace(/<(?=[@#:/]|[a-z]+:|$)/gi, `<${BREAK}`).replace(/@(?=everyone|here|$)/gi, `@${BREAK}`);
