/** Slack's names of emoji. */
import type { Reaction } from "@skein/chat";

export const NAME_OF: Readonly<Record<Reaction, string>> = {
  "👀": "eyes",
  "⏳": "hourglass_flowing_sand",
  "✅": "white_check_mark",
  "❌": "x",
  "❓": "question",
};

/** Those that a person may answer a question with, and our own. */
const EMOJI_OF: ReadonlyMap<string, string> = new Map([
  ...Object.entries(NAME_OF).map(([emoji, name]) => [name, emoji] as const),
  ["+1", "👍"],
  ["thumbsup", "👍"],
  ["-1", "👎"],
  ["thumbsdown", "👎"],
  ["heavy_check_mark", "✔️"],
  ["ballot_box_with_check", "☑️"],
  ["no_entry", "⛔"],
  ["octagonal_sign", "🛑"],
]);

/** `+1::skin-tone-3` is 👍. An emoji that nobody here knows stays its name between colons. */
export function emojiNamed(name: string): string {
  const [base = ""] = name.split("::");
  return EMOJI_OF.get(base) ?? `:${base}:`;
}
