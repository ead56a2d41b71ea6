/** Only what was asked for is taken, and nothing that is not really there. */
import { once } from "node:events";
import { linkSync, mkdirSync, mkdtempSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, test } from "vitest";

import { declaredFiles } from "./declared-files.ts";

function directory(files: readonly string[]): string {
  const root = join(mkdtempSync(join(tmpdir(), "skein-declared-")), "work");
  for (const file of files) {
    mkdirSync(join(root, file, ".."), { recursive: true });
    writeFileSync(join(root, file), `in ${file}`);
  }
  return root;
}

const namesIn = (root: string, patterns: readonly string[], refused: string[] = []): readonly string[] =>
  declaredFiles(root, patterns, (message) => refused.push(message)).map(({ name }) => name);

test.each([
  [["report.xml"], ["report.xml"]],
  [["*.xml"], ["report.xml"]],
  [["**/*.xml"], ["a/b/deep.xml", "a/one.xml", "report.xml"]],
  [["a/*"], ["a/one.xml", "a/two.txt"]],
  [["a/**"], ["a/b/deep.xml", "a/one.xml", "a/two.txt"]],
  [["a/??o.*"], ["a/two.txt"]],
  [["A/*", "report", "b", "**/*a*a*a*b"], []],
  [[], []],
])("%j finds %j", (patterns, names) => {
  const root = directory(["report.xml", "a/one.xml", "a/two.txt", "a/b/deep.xml", ".git/config", "other/x"]);
  expect(namesIn(root, patterns)).toEqual(names);
});

test("a file is given as it is", () => {
  const [file] = declaredFiles(directory(["a/one"]), ["**/one"], () => undefined);
  expect(Buffer.concat([...(file?.content ?? [])]).toString()).toBe("in a/one");
});

test("links, sockets, git's own files, second names and what is too big are not taken", async () => {
  const root = directory(["real/secret", "big", ".git/config", "plain"]);
  const outside = join(root, "..", "outside");
  writeFileSync(outside, "of the node");
  symlinkSync(outside, join(root, "link"));
  symlinkSync(join(root, ".."), join(root, "linked"));
  linkSync(outside, join(root, "second-name"));
  truncateSync(join(root, "big"), 40 * 1024 * 1024);
  const server = createServer().listen(join(root, "socket"));
  await once(server, "listening");
  const refused: string[] = [];
  const names = namesIn(root, ["**"], refused);
  server.close();
  expect(names).toEqual(["plain", "real/secret"]);
  expect(refused.toSorted()).toEqual([
    '"big" is not kept: it has more than 33554432 bytes.',
    '"second-name" is not kept: it has more than one name.',
  ]);
});

test("no more than sixteen are taken", () => {
  const root = directory(Array.from({ length: 20 }, (_, at) => `f${at}`));
  expect(namesIn(root, ["*"])).toHaveLength(16);
});
