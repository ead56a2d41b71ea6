/** Text of a story as one harmless line: what becomes a commit's subject or is printed. */

const LONGEST = 200;
/** Control characters (line breaks and escapes among them), line separators and marks that turn the direction of text. */
const UNPRINTABLE = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu;

export function cleanLine(text: string): string {
  const line = text.replace(UNPRINTABLE, " ").replace(/ {2,}/g, " ").trim();
  const characters = Array.from(line);
  return characters.length <= LONGEST ? line : `${characters.slice(0, LONGEST - 1).join("")}…`;
}

/** The first line of prose, without the marks of a Markdown heading; empty when there is none before the first block. */
export function titleOf(story: string): string {
  for (const line of story.split(/\r?\n/)) {
    if (/^ {0,3}(?:`{3,}|~{3,})/.test(line)) return "";
    const title = cleanLine(line.replace(/^ {0,3}#{1,6} /, ""));
    if (title !== "") return title;
  }
  return "";
}
