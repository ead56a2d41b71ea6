import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { runScriptedAgent, type AgentEnd } from "./agent.ts";

interface Clone {
  readonly directory: string;
  readonly git: (...args: string[]) => string;
  readonly write: (path: string, content: string) => void;
  readonly read: (path: string) => string;
  /** Subjects of the commits after the base, oldest first. */
  readonly commits: () => readonly string[];
}

interface Ran extends AgentEnd {
  readonly printed: readonly string[];
}

/** A clone as an attempt gets it, with a hook that would leave a trace. */
function setupClone(): Clone {
  const directory = mkdtempSync(join(tmpdir(), "skein-agent-"));
  const git = (...args: string[]): string => execFileSync("git", args, { cwd: directory, encoding: "utf8" }).trim();
  const write = (path: string, content: string): void => writeFileSync(join(directory, path), content);
  git("init", "--quiet", "--initial-branch=main");
  git("config", "user.name", "Agent");
  git("config", "user.email", "agent@skein.invalid");
  git("config", "commit.gpgSign", "true");
  write("readme.md", "Hello\n");
  git("add", "--all");
  git("-c", "commit.gpgSign=false", "commit", "--quiet", "-m", "Begin");
  git("tag", "base");
  git("checkout", "--quiet", "-b", "skein/abc/1");
  writeFileSync(join(directory, ".git/hooks/pre-commit"), "#!/bin/sh\ntouch hooked\nexit 1\n", { mode: 0o755 });
  return {
    directory,
    git,
    write,
    read: (path) => readFileSync(join(directory, path), "utf8"),
    commits: () =>
      git("log", "--reverse", "--format=%s", "base..HEAD")
        .split("\n")
        .filter((line) => line !== ""),
  };
}

async function runAgent(clone: Clone, story: string, env: Record<string, string> = {}): Promise<Ran> {
  const printed: string[] = [];
  const end = await runScriptedAgent({
    readStory: async () => story,
    directory: clone.directory,
    env: { PATH: process.env["PATH"], HOME: clone.directory, SKEIN_ITEM: "abc", SKEIN_ATTEMPT: "1", ...env },
    print: (line) => printed.push(line),
  });
  return { ...end, printed };
}

const script = (...steps: readonly string[]): string => `Add a thing\n\n\`\`\`skein\n${steps.join("\n")}\n\`\`\`\n`;

test("a story without blocks becomes a file and a commit", async () => {
  const clone = setupClone();
  const ran = await runAgent(clone, "# Say hello\n\nTo everyone.");
  expect(ran).toEqual({
    code: 0,
    message: "",
    printed: ["reading the story of abc, attempt 1", "write stories/abc.md", "commit Say hello"],
  });
  expect(clone.read("stories/abc.md")).toBe("# Say hello\n\nTo everyone.\n");
  expect(clone.commits()).toEqual(["Say hello"]);
});

test("steps change files and the rest is committed with the title", async () => {
  const clone = setupClone();
  const ran = await runAgent(
    clone,
    script(
      "- write: { path: src/deep/a.js, content: 'one $& one' }",
      "- replace: { path: src/deep/a.js, find: one, with: $& }",
      "- append: { path: readme.md, content: 'more' }",
      "- append: { path: new.txt, content: 'new' }",
      "- print: working on it",
    ),
  );
  expect(ran.printed).toEqual([
    "reading the story of abc, attempt 1",
    "write src/deep/a.js",
    "replace src/deep/a.js",
    "append readme.md",
    "append new.txt",
    "working on it",
    "commit Add a thing",
  ]);
  expect(clone.read("src/deep/a.js")).toBe("$& $& $&");
  expect(clone.read("readme.md")).toBe("Hello\nmore");
  expect(clone.commits()).toEqual(["Add a thing"]);
  expect(clone.git("status", "--porcelain")).toBe("");
});

test("hooks of the clone do not run", async () => {
  const clone = setupClone();
  expect((await runAgent(clone, script("- write: { path: a, content: b }"))).code).toBe(0);
  expect(existsSync(join(clone.directory, "hooked"))).toBe(false);
});

test("commit steps make commits of their own, and what is left gets the title", async () => {
  const clone = setupClone();
  await runAgent(
    clone,
    script(
      "- write: { path: a, content: '1' }",
      "- commit: First",
      "- delete: readme.md",
      "- commit: '--amend; $(touch x)'",
      "- write: { path: b, content: '2' }",
    ),
  );
  expect(clone.commits()).toEqual(["First", "--amend; $(touch x)", "Add a thing"]);
  expect(existsSync(join(clone.directory, "readme.md"))).toBe(false);
});

test("commit steps that leave nothing get no further commit, and an empty one is only said", async () => {
  const clone = setupClone();
  const ran = await runAgent(clone, script("- write: { path: a, content: '1' }", "- commit: First", "- commit: Again"));
  expect(clone.commits()).toEqual(["First"]);
  expect(ran.printed.slice(-2)).toEqual(["commit First", "nothing to commit"]);
});

test("exit ends at once with its code and commits nothing more", async () => {
  const clone = setupClone();
  const ran = await runAgent(clone, script("- write: { path: a, content: '1' }", "- exit: 7", "- print: never"));
  expect(ran).toMatchObject({ code: 7, message: "" });
  expect(ran.printed).not.toContain("never");
  expect(clone.commits()).toEqual([]);
  expect(clone.git("status", "--porcelain")).toBe("?? a");
});

test("run executes a program without a shell in the working directory", async () => {
  const clone = setupClone();
  const write = `require("fs").writeFileSync("out.txt", process.argv[1] + process.env.SKEIN_ITEM)`;
  const ran = await runAgent(clone, script(`- run: [${process.execPath}, -e, '${write}', '$(id); ']`));
  expect(ran.code).toBe(0);
  expect(clone.read("out.txt")).toBe("$(id); abc");
});

test("a command that fails or is missing ends the script", async () => {
  const clone = setupClone();
  const failing = await runAgent(clone, script("- run: [sh, -c, exit 3]", "- write: { path: a, content: b }"));
  expect(failing).toMatchObject({ code: 1, message: 'The command "sh" ended with 3.' });
  const missing = await runAgent(clone, script("- run: [no-such-program]"));
  expect(missing.message).toContain('The command "no-such-program" could not be started');
  expect(clone.commits()).toEqual([]);
});

test("text that is not there cannot be replaced", async () => {
  const clone = setupClone();
  const ran = await runAgent(clone, script("- replace: { path: readme.md, find: absent, with: x }"));
  expect(ran).toMatchObject({
    code: 1,
    message: 'Could not replace in "readme.md": it does not contain "absent".',
  });
  const missing = await runAgent(clone, script("- delete: absent.txt"));
  expect(missing).toMatchObject({ code: 1, message: expect.stringContaining('Could not delete "absent.txt"') });
});

test("blocks for another attempt are left out", async () => {
  const story = [
    "Retry",
    "```skein attempt=1",
    "- exit: 5",
    "```",
    "```skein attempt=2+",
    "- write: { path: a, content: '2' }",
    "```",
  ].join("\n");
  expect(await runAgent(setupClone(), story)).toMatchObject({ code: 5 });
  const clone = setupClone();
  expect(await runAgent(clone, story, { SKEIN_ATTEMPT: "3" })).toMatchObject({ code: 0 });
  expect(clone.commits()).toEqual(["Retry"]);
});

test("an attempt that no block is for does nothing", async () => {
  const clone = setupClone();
  const ran = await runAgent(clone, "T\n```skein attempt=2\n- exit: 1\n```\n");
  expect(ran).toMatchObject({ code: 0, printed: [expect.anything(), "no block of the story is for attempt 1"] });
  expect(clone.commits()).toEqual([]);
});

test("a diff is applied and committed with the title", async () => {
  const clone = setupClone();
  const diff = "--- a/readme.md\n+++ b/readme.md\n@@ -1 +1,2 @@\n Hello\n+World\n";
  const ran = await runAgent(clone, `Greet the world\n\n\`\`\`diff\n${diff}\`\`\`\n`);
  expect(ran).toMatchObject({ code: 0, message: "" });
  expect(clone.read("readme.md")).toBe("Hello\nWorld\n");
  expect(clone.commits()).toEqual(["Greet the world"]);
});

test("a diff that does not apply, or leads out of the directory, ends the script", async () => {
  const clone = setupClone();
  const wrong = "--- a/readme.md\n+++ b/readme.md\n@@ -1 +1 @@\n-Bye\n+World\n";
  expect(await runAgent(clone, `T\n\`\`\`diff\n${wrong}\`\`\`\n`)).toMatchObject({
    code: 1,
    message: expect.stringMatching(/^The diff block at line 2 does not apply: .*readme\.md/),
  });
  const outside = "--- /dev/null\n+++ b/../skein-escaped\n@@ -0,0 +1 @@\n+x\n";
  expect((await runAgent(clone, `T\n\`\`\`diff\n${outside}\`\`\`\n`)).code).toBe(1);
  expect(existsSync(join(clone.directory, "../skein-escaped"))).toBe(false);
  expect(clone.commits()).toEqual([]);
});

test("a symbolic link does not lead a step out of the directory or into .git", async () => {
  const clone = setupClone();
  const outside = mkdtempSync(join(tmpdir(), "skein-outside-"));
  symlinkSync(outside, join(clone.directory, "out"));
  symlinkSync(".git", join(clone.directory, "inner"));
  symlinkSync(join(outside, "dangling"), join(clone.directory, "dangling"));
  mkdirSync(join(clone.directory, "real"));
  symlinkSync("real", join(clone.directory, "fine"));
  for (const path of ["out/x", "out/deep/x", "inner/config", "dangling"]) {
    const ran = await runAgent(clone, script(`- write: { path: ${path}, content: evil }`));
    expect([path, ran.code]).toEqual([path, 1]);
  }
  expect(existsSync(join(outside, "x"))).toBe(false);
  expect(existsSync(join(outside, "dangling"))).toBe(false);
  expect(clone.read(".git/config")).not.toContain("evil");
  expect((await runAgent(clone, script("- write: { path: fine/x, content: good }"))).code).toBe(0);
  expect(clone.read("real/x")).toBe("good");
});

test("a script that is wrong anywhere changes nothing", async () => {
  const clone = setupClone();
  const ran = await runAgent(clone, script("- write: { path: a, content: b }", "- write: { path: ../c, content: d }"));
  expect(ran).toMatchObject({
    code: 1,
    message: 'Line 5: the path "../c" leads out of the working directory. Use a path inside it.',
  });
  expect(existsSync(join(clone.directory, "a"))).toBe(false);
});

test("a missing story, item or attempt number is told", async () => {
  const clone = setupClone();
  expect(await runAgent(clone, " \n")).toMatchObject({ code: 1, message: expect.stringContaining("no story") });
  expect(await runAgent(clone, "x", { SKEIN_ITEM: "../x" })).toMatchObject({
    code: 1,
    message: 'SKEIN_ITEM is "../x": set it to an item id (0-9, a-z).',
  });
  expect(await runAgent(clone, "x", { SKEIN_ATTEMPT: "0" })).toMatchObject({
    code: 1,
    message: 'SKEIN_ATTEMPT is "0": set it to 1, 2, 3 and so on.',
  });
});

test("outside of a repository the commit's failure is told", async () => {
  const directory = mkdtempSync(join(tmpdir(), "skein-plain-"));
  const ran = await runAgent({ ...setupClone(), directory }, "Title");
  expect(ran).toMatchObject({ code: 1, message: expect.stringMatching(/^git add failed: .*not a git repository/) });
});

test("ask puts a question, waits for the answer, and keeps it in a file", async () => {
  const clone = setupClone();
  const asks = mkdtempSync(join(tmpdir(), "skein-asks-"));
  const story = script(
    "- ask: { name: port, text: Which port?, options: [80, 443], to: port.txt }",
    "- commit: Set the port",
  );
  const ran = runAgent(clone, story, { SKEIN_ASK: asks });
  await vi.waitFor(() => expect(existsSync(join(asks, "port.json"))).toBe(true), { timeout: 20_000 });
  const asked: unknown = JSON.parse(readFileSync(join(asks, "port.json"), "utf8"));
  expect(asked).toEqual({ text: "Which port?", options: ["80", "443"] });
  writeFileSync(join(asks, "port.answer"), "443");
  expect(await ran).toMatchObject({ code: 0, message: "" });
  expect(clone.read("port.txt")).toBe("443\n");
  expect(clone.commits()).toEqual(["Set the port"]);
});

test("a question without an answer ends the script, and so does one that nobody can hear or that was asked already", async () => {
  const asks = mkdtempSync(join(tmpdir(), "skein-asks-"));
  writeFileSync(join(asks, "port.error"), "Nobody answered within 1s.\n");
  const story = script("- ask: { name: port, text: Which port? }");
  const refused = await runAgent(setupClone(), story, { SKEIN_ASK: asks });
  expect(refused).toMatchObject({ code: 1, message: "There is no answer to port: Nobody answered within 1s." });
  const again = await runAgent(setupClone(), story, { SKEIN_ASK: asks });
  expect(again.message).toContain("port was asked already in this attempt");
  const alone = await runAgent(setupClone(), story);
  expect(alone.message).toContain("SKEIN_ASK is not set");
});
