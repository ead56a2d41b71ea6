/** Where commands begin and end in a text of the node. Pure. */

/** The text's parts: words and what stands between two backticks by turns, beginning with words. A backtick without a second one stays. */
export function tickedParts(text: string): readonly string[] {
  const parts = text.split("`");
  return parts.length % 2 === 1 ? parts : [...parts.slice(0, -2), parts.slice(-2).join("`")];
}
