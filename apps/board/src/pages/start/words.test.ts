import { expect, test } from "vitest";
import { parseWords, printWords } from "./words.ts";

test.each([
  ["npm test", ["npm", "test"]],
  ["  npm   run\ttest ", ["npm", "run", "test"]],
  ['node -e "process.exit(0)"', ["node", "-e", "process.exit(0)"]],
  ["sh -c 'a && b'", ["sh", "-c", "a && b"]],
  ['say "he said \\"no\\"" it\\s', ["say", 'he said "no"', "it\\s"]],
  ['"C:\\dir\\\\x"', ["C:\\dir\\x"]],
  ["a'b c'd", ["ab cd"]],
  ['make ""', ["make", ""]],
  ["", []],
])("%j is %j", (line, words) => {
  expect(parseWords(line)).toEqual(words);
});

test.each(['npm "test', "it's", 'a "b" "'])("%j has a quote that is not closed", (line) => {
  expect(parseWords(line)).toBeUndefined();
});

test("characters that a shell would act on are characters", () => {
  const line = "echo $(rm -rf /) `id` > out && true; a|b *";
  expect(parseWords(line)).toEqual(line.split(" "));
});

test("what is printed reads back as the same words", () => {
  for (const words of [
    ["npm", "test"],
    ["a b", "", 'c"d', "e'f", "g\\", '\\"', "tab\there", "$x"],
    ['"', "'", "\\\\"],
  ]) {
    expect(parseWords(printWords(words))).toEqual(words);
  }
});
