/**
 * What a chat message says, before any platform's markup: pieces of text in a row, each in one style. Text from people,
 * stories and agents is only ever the `text` of a piece, so that a transport can escape it and nothing of it can become
 * markup, a mention or a link that somebody did not write.
 */
export const STYLES: readonly ["plain", "strong", "code", "block"] = ["plain", "strong", "code", "block"];

export interface Span {
  /** May hold line breaks. `block` stands on lines of its own, in a fixed pitch. */
  readonly text: string;
  readonly style: (typeof STYLES)[number];
}

export type Body = readonly Span[];

export const plain = (text: string): Span => ({ text, style: "plain" });
export const strong = (text: string): Span => ({ text, style: "strong" });
export const code = (text: string): Span => ({ text, style: "code" });
export const block = (text: string): Span => ({ text, style: "block" });

/** Without any markup, for platforms that have none and for logs. */
export const plainText = (body: Body): string =>
  body
    .map(({ text, style }) => (style === "block" ? `\n${text}\n` : text))
    .join("")
    .trim();
