/** What a diff shows of an attempt, whatever the agent made, and what it leaves out. */
import { symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { attempt, createFixture, errorOf, type Fixture, never, valueOf } from "./testing/fixture.ts";

let fixture: Fixture;
beforeEach(async () => {
  fixture = await createFixture();
});
afterEach(() => fixture.remove());

test("a diff is the attempt against where it left the target branch, not against where that is now", async () => {
  const node = await fixture.node("a");
  const { tip, base } = await attempt(fixture, node, { "README.md": "hello\nworld\n", "src/größe.ts": "1\n" });
  const alice = await fixture.clone("alice");
  await fixture.commit(alice, { "other.txt": "elsewhere\n" });
  await fixture.git(alice, "push", "--quiet", "origin", "main");
  valueOf(await node.fetchBase(never));
  const changes = valueOf(await node.diff({ tip }, never));
  expect(changes).toMatchObject({ base, tip, filesLeftOut: 0 });
  expect(changes.files.map(({ path, change, sort }) => [path, change, sort])).toEqual([
    ["README.md", "changed", "file"],
    ["src/größe.ts", "added", "file"],
  ]);
  expect(changes.files[0]?.patch).toContain("@@ -1 +1,2 @@\n hello\n+world\n");
  expect(changes.files[1]?.patch).toContain("+++ b/src/größe.ts\n@@ -0,0 +1 @@\n+1\n");
});

test("once it has landed, it is the same diff", async () => {
  const node = await fixture.node("a");
  const { tip, base, item } = await attempt(fixture, node, { "a.txt": "1\n" }, "0123456789ab");
  const before = valueOf(await node.diff({ tip }, never));
  const message = `Land\n\nSkein-Item: ${item}\n`;
  const merged = valueOf(await node.merge({ base, tip, message, atSeconds: 1 }, never));
  if (merged.type !== "merged") throw new Error("it conflicts");
  valueOf(await node.land({ items: [item], expected: base, commit: merged.commit }, never));
  valueOf(await node.fetchBase(never));
  expect(valueOf(await node.diff({ tip }, never)).files).toEqual([]);
  expect(valueOf(await node.diff({ tip, landed: merged.commit }, never))).toEqual(before);
});

test("moved, removed, binary and linked files are named as what they are", async () => {
  const alice = await fixture.clone("alice");
  const long = Array.from({ length: 40 }, (_, at) => `line ${at}`).join("\n");
  await fixture.commit(alice, { "old.txt": long, "gone.txt": "gone\n" });
  await fixture.git(alice, "push", "--quiet", "origin", "main");
  const node = await fixture.node("a");
  const base = valueOf(await node.fetchBase(never));
  const workspace = valueOf(await node.openAttempt({ item: "0123456789ab", epoch: 1, base }, never));
  const { directory } = workspace;
  await fixture.git(directory, "mv", "old.txt", "new.txt");
  await fixture.git(directory, "rm", "--quiet", "gone.txt");
  await writeFile(join(directory, "image.bin"), Buffer.from([0, 1, 2, 0, 255]));
  await symlink("README.md", join(directory, "link"));
  await fixture.commit(directory, {});
  const { tip } = valueOf(await node.collectAttempt(workspace, never));
  const { files } = valueOf(await node.diff({ tip }, never));
  expect(files.map(({ path, from, change, sort }) => [path, from, change, sort])).toEqual([
    ["gone.txt", null, "deleted", "file"],
    ["image.bin", null, "added", "file"],
    ["link", null, "added", "symlink"],
    ["new.txt", "old.txt", "renamed", "file"],
  ]);
  expect(files[1]?.patch).toContain("Binary files /dev/null and b/image.bin differ");
});

test("what is too long is left out by itself, and what is too much is left out and counted", async () => {
  const node = await fixture.node("a");
  const files: Record<string, string> = { "a-long.txt": "long line of text\n".repeat(30_000), "b.txt": "short\n" };
  for (let at = 0; at < 310; at++) files[`many/${String(at).padStart(3, "0")}.txt`] = `${at}\n`;
  const { tip } = await attempt(fixture, node, files);
  const changes = valueOf(await node.diff({ tip }, never));
  expect(changes.files).toHaveLength(300);
  expect(changes.filesLeftOut).toBe(12);
  expect(changes.files[0]).toMatchObject({ path: "a-long.txt", patch: null });
  expect(changes.files[1]?.patch).toContain("+short");
  expect(changes.files.slice(2).every(({ patch }) => patch !== null)).toBe(true);
});

test("only a line feed ends a line, so that nothing in a file passes for the beginning of the next one", async () => {
  const node = await fixture.node("a");
  const ends = ["\r", "\u2028", "\u2029"].map((end) => `one${end}diff --git a/x b/x\n`).join("");
  // Too long for one file where they are asked for one by one, and short enough for all at once.
  const long = "long line of text\n".repeat(20_000);
  const { tip } = await attempt(fixture, node, { "a.txt": ends, "b.txt": long });
  const { files } = valueOf(await node.diff({ tip }, never));
  expect(files.map(({ path }) => path)).toEqual(["a.txt", "b.txt"]);
  expect(files[0]?.patch).toContain("+one\rdiff --git a/x b/x\n+one\u2028diff --git");
  expect(files[1]?.patch).toContain("+long line of text\n");
});

test("attributes and settings in the attempt do not take part, and hostile names are quoted", async () => {
  const node = await fixture.node("a");
  const { tip } = await attempt(fixture, node, {
    ".gitattributes": "* diff=evil -text\n*.secret binary\n",
    ".gitconfig": "[diff]\n\texternal = touch pwned\n",
    "a.secret": "shown\n",
    "--output=pwned": "x\n",
    'qu"ote': "diff --git a/x b/x\n",
  });
  const { files } = valueOf(await node.diff({ tip }, never));
  expect(files.map(({ path }) => path)).toEqual([
    "--output=pwned",
    ".gitattributes",
    ".gitconfig",
    "a.secret",
    'qu"ote',
  ]);
  expect(files[3]?.patch).toContain("+shown");
  expect(files[4]?.patch).toMatch(/^diff --git "a\/qu\\"ote"/u);
});

test("a tip that is not here is a typed error", async () => {
  const node = await fixture.node("a");
  valueOf(await node.fetchBase(never));
  expect(errorOf(await node.diff({ tip: "a".repeat(40) }, never)).type).toBe("bad-object");
  expect(errorOf(await node.diff({ tip: "--output=x" }, never)).type).toBe("git-failed");
});
