/** A long message in parts that each fit, cut between lines where that is possible. */
import type { Body, Span } from "@skein/core";

/** More parts than this are asked for with `more`. */
export const PARTS_AT_ONCE = 3;

/**
 * At most `maxText` units of text in each part. Rendering makes text longer (escapes, fences), so callers leave room; a single
 * unit is never cut in two.
 */
export function partsOf(body: Body, maxText: number): readonly Body[] {
  const parts: Span[][] = [[]];
  let room = maxText;
  for (const span of body) {
    let rest = span.text;
    while (rest.length > room) {
      const cut = cutAt(rest, room);
      if (cut > 0) parts.at(-1)?.push({ ...span, text: rest.slice(0, cut) });
      rest = rest.slice(cut).replace(/^\n/, "");
      parts.push([]);
      room = maxText;
    }
    if (rest !== "") parts.at(-1)?.push({ ...span, text: rest });
    room -= rest.length;
  }
  return parts.filter((part) => part.some(({ text }) => text.trim() !== ""));
}

/** Behind the last line break within reach, else the last space, else where the room ends. */
function cutAt(text: string, room: number): number {
  const within = text.slice(0, room);
  const line = within.lastIndexOf("\n");
  if (line > room / 2) return line;
  const space = within.lastIndexOf(" ");
  if (space > room / 2) return space;
  // Half of a surrogate pair is no character.
  const last = within.charCodeAt(room - 1);
  return last >= 0xd800 && last <= 0xdbff ? room - 1 : room;
}
