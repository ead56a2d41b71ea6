/**
 * A `Body` in WhatsApp's markup: `*bold*` and ```` ```mono``` ````. WhatsApp reads markup in every text and knows no escape.
 *
 * So signs of foreign text that could be read as markup are replaced with ones that look alike. Invisible characters in
 * between would be kinder to the eye, but what each app makes of them is written nowhere, and who copies a branch's name
 * would carry them along unseen. A sign between two letters or digits (`snake_case`) is no markup and stays, and in fixed
 * pitch everything but the backtick stays, so what people copy is what was meant.
 */
import { type Body, plainText } from "@skein/core";

const BACKTICK = "\u02cb";
const LOOKALIKES: Readonly<Record<string, string>> = { "*": "\u2217", _: "\u02cd", "~": "\u223c" };
const FENCE = "```";

export function render(body: Body): string {
  const spans = body.map(({ text, style }) => ({ text: clean(text), style })).filter(({ text }) => text !== "");
  let out = "";
  for (const [index, { text, style }] of spans.entries()) {
    const next = spans[index + 1];
    const after = next === undefined ? "" : next.style === "code" ? "`" : next.style === "block" ? "\n" : next.text;
    if (style === "plain") out += neutral(text);
    else if (style === "strong") out += strong(text, out, after);
    else if (style === "code" && !text.includes("\n")) out += mono(text);
    else out += `${out === "" || out.endsWith("\n") ? "" : "\n"}${mono(text)}${next === undefined ? "" : "\n"}`;
  }
  return neutralLines(out.trim());
}

/** For the parameter of a template: one line without markup, at most `maxLength` long. */
export function oneLine(body: Body, maxLength: number): string {
  // WhatsApp refuses parameters with line breaks, tabs or more than four spaces in a row.
  const words = clean(plainText(body)).replaceAll(/\s+/gu, " ").trim();
  const line = neutralLines(neutral(words));
  if (line.length <= maxLength) return line;
  const cut = line.slice(0, maxLength - 1).replace(/[\ud800-\udbff]$/, "");
  return `${cut.trimEnd()}…`;
}

/** Without what changes how the rest is shown: control characters, directions, half characters. */
export function clean(text: string): string {
  return text
    .replaceAll(/\r\n?|\u2028|\u2029/g, "\n")
    .replaceAll(/[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069]/gu, "")
    .replaceAll(/\p{Surrogate}/gu, "\ufffd");
}

/** Signs that make a part of a line into markup. */
function neutral(text: string): string {
  return text
    .replaceAll("`", BACKTICK)
    .replaceAll(/[*_~]/g, (sign, at: number) => (isInWord(text, at) ? sign : (LOOKALIKES[sign] ?? sign)));
}

/** Signs at the beginning of a line, which make it a quotation or a part of a list. Only known once all is put together. */
function neutralLines(text: string): string {
  return text
    .split(/(```[^`]+```)/)
    .map((part, index) => (index % 2 === 1 ? part : part.replaceAll(LINE_START, lookalikeOfStart)))
    .join("");
}

const LINE_START = /^([^\S\n]*)(?:(>)|(-)(?=[^\S\n])|(\d+)\.(?=[^\S\n]))/gm;

const lookalikeOfStart = (_: string, space: string, quote?: string, dash?: string, digits?: string): string =>
  space + (quote !== undefined ? "\u203a" : dash !== undefined ? "\u2013" : `${digits ?? ""}\u2024`);

const isInWord = (text: string, at: number): boolean => /^[A-Za-z0-9].[A-Za-z0-9]$/s.test(text.slice(at - 1, at + 2));

/** Bold only works within a line, from a word's beginning to a word's end; elsewhere the words stay as they are. */
function strong(text: string, before: string, after: string): string {
  const lines = text.split("\n");
  return lines
    .map((line, index) => {
      const left = index === 0 ? before.slice(-1) : "";
      const right = index === lines.length - 1 ? after.slice(0, 1) : "";
      const words = line.trim();
      const [head = "", tail = ""] = words === "" ? [line] : line.split(words);
      const isAlone = isEdge(left + head, -1) && isEdge(tail + right, 0);
      const inner = neutral(words).replaceAll("*", LOOKALIKES["*"] ?? "");
      return words !== "" && isAlone ? `${head}*${inner}*${tail}` : `${head}${neutral(words)}${tail}`;
    })
    .join("\n");
}

const isEdge = (text: string, at: number): boolean => !/[\p{L}\p{N}\p{M}*_~`]/u.test(text.at(at) ?? " ");

function mono(text: string): string {
  const inner = text.replaceAll("`", BACKTICK).replace(/^\n+|\n+$/g, "");
  return inner.trim() === "" ? inner : `${FENCE}${inner}${FENCE}`;
}
