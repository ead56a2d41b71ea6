/**
 * What an item's labels ask of the node that takes it: `key=value` a label with that value, `needs:key` one with any value.
 * Every other label is for people.
 */
const NEEDS = "needs:";

/** The labels that are requirements. */
export const needsOf = (labels: readonly string[]): readonly string[] =>
  labels.filter((label) => label.startsWith(NEEDS) || label.indexOf("=") > 0);

/** Of these the ones that a node with such labels does not meet. */
export const unmetNeeds = (labels: readonly string[], node: Readonly<Record<string, string>>): readonly string[] =>
  needsOf(labels).filter((label) => !isMet(label, node));

function isMet(label: string, node: Readonly<Record<string, string>>): boolean {
  if (label.startsWith(NEEDS)) return Object.hasOwn(node, label.slice(NEEDS.length));
  const at = label.indexOf("=");
  const key = label.slice(0, at);
  return Object.hasOwn(node, key) && node[key] === label.slice(at + 1);
}
