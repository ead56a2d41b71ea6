/**
 * A command as a line and as its words. Not a shell's rules: spaces part words, quotes keep them together, a backslash before
 * a quote or a backslash inside double quotes stands for that character, and nothing else has a meaning.
 */

/** Undefined when a quote is not closed. */
export function parseWords(line: string): readonly string[] | undefined {
  const words: string[] = [];
  let rest = line.trimStart();
  while (rest !== "") {
    const found = /^(?:[^\s"']|"(?:[^"\\]|\\["\\]|\\(?!["\\]))*"|'[^']*')+/u.exec(rest)?.[0];
    const after = found === undefined ? undefined : rest.slice(found.length);
    if (found === undefined || after === undefined || !/^(?:\s|$)/u.test(after)) return undefined;
    words.push(plain(found));
    rest = after.trimStart();
  }
  return words;
}

const plain = (word: string): string =>
  word.replaceAll(/"((?:[^"\\]|\\["\\]|\\(?!["\\]))*)"|'([^']*)'/gu, (_all, double?: string, single?: string) =>
    double === undefined ? (single ?? "") : double.replaceAll(/\\(["\\])/gu, "$1"),
  );

/** The line that reads back as these words. */
export const printWords = (words: readonly string[]): string => words.map(quoted).join(" ");

const quoted = (word: string): string =>
  /^[^\s"'\\]+$/u.test(word) ? word : `"${word.replaceAll(/["\\]/gu, (character) => `\\${character}`)}"`;
