/** A long message in parts that each fit, cut between lines where that is possible. */
import type { Body, Span } from "@skein/core";

/** More parts than this are asked for with `more`. */
export const PARTS_AT_ONCE = 3;

/**
 * At most `maxText` units of text in each part, two at least. Rendering makes text longer (escapes, fences), so callers leave
 * room. In a row the parts are the whole text: line breaks and spaces where it was cut stay at the end of a part.
 */
export function partsOf(body: Body, maxText: number): readonly Body[] {
  const parts: Span[][] = [[]];
  let room = maxText;
  for (const span of body) {
    let rest = span.text;
    while (rest.length > room) {
      const cut = cutAt(rest, room, room === maxText);
      if (cut > 0) parts.at(-1)?.push({ ...span, text: rest.slice(0, cut) });
      rest = rest.slice(cut);
      parts.push([]);
      room = maxText;
    }
    if (rest !== "") parts.at(-1)?.push({ ...span, text: rest });
    room -= rest.length;
  }
  return parts.filter((part) => part.some(({ text }) => text.trim() !== ""));
}

/** Less of a piece tells nobody anything. */
const WORTH_READING = 20;

/**
 * A message that stays one message: the longest piece is shortened, where that is enough, so that what stands behind it is
 * still read; else the end is left out.
 */
export function shortened(body: Body, maxText: number): Body {
  const over = body.reduce((sum, { text }) => sum + text.length, 0) - maxText;
  if (over <= 0) return body;
  const longest = body.reduce((a, b) => (b.text.length > a.text.length ? b : a), { text: "" });
  const keep = longest.text.length - over - 1;
  if (keep < WORTH_READING) return [...(partsOf(body, maxText - 1)[0] ?? []), { text: "…", style: "plain" }];
  const text = `${partsOf([{ text: longest.text, style: "plain" }], Math.max(2, keep))[0]?.[0]?.text ?? ""}…`;
  return body.map((span) => (span === longest ? { ...span, text } : span));
}

/** Behind the last line break within reach, else the last space, else where the room ends; 0 when a new part does better. */
function cutAt(text: string, room: number, isWhole: boolean): number {
  const within = text.slice(0, room);
  const line = within.lastIndexOf("\n") + 1;
  if (line > room / 2) return line;
  const space = within.lastIndexOf(" ") + 1;
  if (space > room / 2) return space;
  if (!isWhole) return Math.max(line, space);
  // Half of a surrogate pair is no character.
  const last = within.charCodeAt(room - 1);
  const next = text.charCodeAt(room);
  return isHigh(last) && isLow(next) ? room - 1 : room;
}

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;
const isLow = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff;
