import { expect, test } from "vitest";
import { attemptBranch, isBaseBranch, isDirectoryName, isItemId, isOid, parseAttemptBranch } from "./names.ts";
import { parseRemote } from "./remote.ts";
import { staysInside, pathProblem } from "./tree-check.ts";
import { isNewEnough } from "./version.ts";

const HOSTILE = [
  "",
  "-x",
  "--upload-pack=touch x",
  "$(id)",
  "`id`",
  "a;id",
  "a'b",
  "a b",
  "a\nb",
  "a\0b",
  "../../x",
  "a\u202eb",
  "a\u200bb",
  "ä",
  "x".repeat(300),
];

test.each(HOSTILE)("%j is no name of any kind", (text) => {
  expect([isItemId(text), isOid(text), isBaseBranch(text), isDirectoryName(text)]).toEqual([
    false,
    false,
    false,
    false,
  ]);
  expect(parseAttemptBranch(`skein/${text}/1`)).toBeUndefined();
  expect(attemptBranch({ item: text, epoch: 1 })).toBeUndefined();
});

test("an attempt's branch is made and read back", () => {
  expect(attemptBranch({ item: "01j9", epoch: 12 })).toBe("skein/01j9/12");
  expect(parseAttemptBranch("skein/01j9/12")).toEqual({ item: "01j9", epoch: 12 });
  for (const epoch of [-1, 0.5, Number.NaN, 1e15]) expect(attemptBranch({ item: "a", epoch })).toBeUndefined();
  for (const branch of ["skein/a/01", "skein/a/1/x", "x/skein/a/1", "skein/A/1", "skein/a/1\n", "refs/heads/skein/a/1"])
    expect(parseAttemptBranch(branch)).toBeUndefined();
});

test("target branches are what git accepts, in plain characters", () => {
  for (const name of ["main", "release/1.x", "dev_2", "a@b", "user+x/y#1"]) expect(isBaseBranch(name)).toBe(true);
  for (const name of [
    "HEAD",
    "@",
    "a..b",
    "a//b",
    "/a",
    "a/",
    "a/.b",
    "a.",
    "a.lock",
    "a.lock/b",
    "a@{1}",
    "a~1",
    "a^",
    "a:b",
    "a*",
    "a\\b",
    "skein/a/1",
    "refs/heads/main",
    "a".repeat(40),
  ])
    expect([name, isBaseBranch(name)]).toEqual([name, false]);
});

test("object ids are whole and lowercase", () => {
  for (const oid of ["a".repeat(40), "0".repeat(64)]) expect(isOid(oid)).toBe(true);
  for (const oid of ["a".repeat(39), "A".repeat(40), `${"a".repeat(40)}\n`, "HEAD"]) expect(isOid(oid)).toBe(false);
});

test.each([
  ["https://host/x.git", "https"],
  ["https://user:secret-token@host/x", "https"],
  ["ssh://git@host:22/x", "ssh"],
  ["git@github.com:a/b.git", "ssh"],
  ["host:path", "ssh"],
  ["/srv/git/x.git", "file"],
  ["file:///srv/git/x.git", "file"],
])("%s is a remote over %s", (text, protocol) => {
  const parsed = parseRemote(text);
  expect(parsed.ok && parsed.value.protocol).toBe(protocol);
  expect(parsed.ok && parsed.value.shown).not.toContain("secret");
});

test.each([
  "",
  "http://host/x",
  "git://host/x",
  "ext::sh -c id",
  "ext::sh",
  "--upload-pack=x",
  "-oProxyCommand=x:y",
  "ssh://-oProxyCommand=x/y",
  "https://",
  "relative/path",
  "git@-x:y",
  "/a\nb",
  "host:a b",
])("%j is no remote", (text) => {
  expect(parseRemote(text)).toMatchObject({ ok: false });
});

test("paths that some file system takes for .git are found", () => {
  for (const path of [
    "a/.git",
    ".Git/x",
    "git~1",
    "GIT~1/x",
    ".git .",
    ".git::$INDEX_ALLOCATION",
    ".g\u200cit",
    "a\\.git\\config",
    ".gitmodules",
    "x/.GITMODULES",
    "gitmod~1",
    "a\tb",
    "a/../b",
    "a//b",
    ".",
    "n".repeat(256),
    "ü".repeat(128),
    "deep/".repeat(256),
  ])
    expect([path, pathProblem(path) !== undefined]).toEqual([path, true]);
  for (const path of [
    "a",
    ".github/x",
    ".gitignore",
    ".gitattributes",
    "a b",
    "ä/ö",
    "git",
    "x.git",
    "..a",
    "a..b",
    "n".repeat(255),
  ])
    expect([path, pathProblem(path)]).toEqual([path, undefined]);
});

test("links may climb real directories and nothing else", () => {
  expect(staysInside("a/b/link", "../c")).toBe(true);
  expect(staysInside("a/b/link", "../../README.md")).toBe(true);
  expect(staysInside("link", "./docs/x")).toBe(true);
  for (const target of ["", "/x", "..", "../x", "a/../../x", "x/..", "a/../b", ".git/config", "a\\b", "a\nb"])
    expect([target, staysInside("link", target)]).toEqual([target, false]);
  expect(staysInside("a/b/link", "../../../x")).toBe(false);
});

test("git is new enough from 2.39.4 on", () => {
  for (const text of [
    "git version 2.39.4",
    "git version 2.39.5 (Apple Git-154)",
    "git version 2.43.0.windows.1",
    "git version 3.0",
  ])
    expect([text, isNewEnough(text)]).toEqual([text, true]);
  for (const text of ["git version 2.39.3", "git version 2.34.1", "git version 1.99.99"])
    expect(isNewEnough(text)).toBe(false);
  expect(isNewEnough("nothing")).toBeUndefined();
});
