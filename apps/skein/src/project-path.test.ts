import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

import { directoryAt, isPlainTop, isWithin, readRepositoryFile } from "./project-path.ts";

let root: string;
let data: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "skein-path-")));
  data = join(root, "data");
  mkdirSync(join(data, "git"), { recursive: true });
  mkdirSync(join(root, "project"));
  writeFileSync(join(root, "file"), "");
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

test("a directory of this machine is taken, with or without a slash at its end", () => {
  const project = join(root, "project");
  expect(directoryAt(project, data)).toEqual({ ok: true, value: project });
  expect(directoryAt(`${project}/`, data)).toEqual({ ok: true, value: project });
});

test("a link is followed before anything is judged", () => {
  symlinkSync(join(root, "project"), join(root, "link"));
  symlinkSync(join(data, "git"), join(root, "inside"));
  expect(directoryAt(join(root, "link"), data)).toEqual({ ok: true, value: join(root, "project") });
  expect(directoryAt(join(root, "inside"), data).ok).toBe(false);
});

test.each([
  ["relative", "project"],
  ["of an option's form", "--upload-pack=touch /tmp/x"],
  ["of an option's form behind a dash", "-C/"],
  ["with ..", "/tmp/../etc"],
  ["ending in ..", "/tmp/.."],
  ["with .", "/tmp/./x"],
  ["with two slashes", "//tmp"],
  ["with a NUL", "/tmp\u0000/x"],
  ["with a line break", "/tmp\n/x"],
  ["from a home that a shell would know", "~/project"],
  ["a URL", "file:///tmp"],
  ["too long", `/${"x".repeat(5_000)}`],
  ["with a name that is too long", `/tmp/${"x".repeat(300)}`],
  ["nothing", ""],
])("a path %s is refused in a sentence", (_about, path) => {
  const answer = directoryAt(path, data);
  expect(answer.ok ? "" : answer.error).toMatch(/^[A-Z].*\.$/);
});

test("what is no directory, is not there or goes in a circle is refused", () => {
  symlinkSync(join(root, "circle"), join(root, "circle"));
  for (const name of ["file", "missing", "file/below", "circle", "data", "data/git"]) {
    expect([name, directoryAt(join(root, name), data).ok]).toEqual([name, false]);
  }
});

test("a top is one that the named directory is in, with a .git of its own that is no link", () => {
  const project = join(root, "project");
  expect(isPlainTop(project, project)).toBe(false);
  symlinkSync(data, join(project, ".git"));
  expect(isPlainTop(project, project)).toBe(false);
  rmSync(join(project, ".git"));
  mkdirSync(join(project, ".git"));
  expect(isPlainTop(project, project)).toBe(true);
  expect(isPlainTop(project, join(project, "src"))).toBe(true);
  expect(isPlainTop(project, `${project}-other`)).toBe(false);
  expect(isWithin("/", "/")).toBe(true);
});

test("a file of a repository is read when it is a plain one, and no more than its beginning", () => {
  const project = join(root, "project");
  writeFileSync(join(project, "plain"), "text");
  writeFileSync(join(project, "huge"), "");
  truncateSync(join(project, "huge"), 50 * 1024 ** 3);
  symlinkSync("/etc/passwd", join(project, "link"));
  symlinkSync("/nowhere", join(project, "dangling"));
  mkdirSync(join(project, "directory"));
  execFileSync("mkfifo", [join(project, "pipe")]);
  expect(readRepositoryFile(project, "plain")).toBe("text");
  expect(readRepositoryFile(project, "missing")).toBeUndefined();
  expect(readRepositoryFile(project, "huge")).toHaveLength(1024 * 1024);
  for (const name of ["link", "dangling", "directory", "pipe"]) {
    expect(() => readRepositoryFile(project, name)).toThrow(/it is a link|not a plain file/);
  }
});
