/**
 * Text of an agent as it may stand in a log, a question or a sentence: nothing in it steers a terminal or turns the direction
 * of the text around it, and none of it is longer than it may be.
 */

// oxlint-disable-next-line no-control-regex -- escape sequences: CSI, OSC up to its end, and single ones
const ESCAPES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|.)?/g;
const STEERING =
  // oxlint-disable-next-line no-control-regex -- every control character but tab and line feed, and marks of direction
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
/** Halves of characters, which are no text. */
const HALVES = /\p{Cs}/gu;

/** Keeps lines. */
export function harmless(text: string, longest: number): string {
  const kept = text.length <= longest ? text : `${text.slice(0, longest)}… (${text.length - longest} more characters)`;
  return kept.replaceAll("\r\n", "\n").replaceAll(ESCAPES, "").replaceAll(STEERING, "").replaceAll(HALVES, "\ufffd");
}

/** One line of at most `longest` characters. */
export function harmlessLine(text: string, longest: number): string {
  // The bound comes first: whoever sends megabytes of white space must not be worth the search.
  const line = harmless(text.slice(0, longest * 4), longest * 4)
    .replaceAll(/[\s\u2028\u2029]+/g, " ")
    .trim();
  const characters = Array.from(line);
  return characters.length <= longest ? line : `${characters.slice(0, longest - 1).join("")}…`;
}
