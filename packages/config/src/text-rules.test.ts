import { expect, test } from "vitest";
import { branchProblem, remoteProblem, wordProblem } from "./text-rules.ts";

test.each(["main", "release/1.2", "feature/ünï", "a@b", "x-y_z", "v1.0"])("%s is a branch", (text) => {
  expect(branchProblem(text)).toBeUndefined();
});

test.each([
  "-x",
  "a b",
  "a..b",
  "a~1",
  "a^",
  "a:b",
  "a?",
  "a*",
  "a[b",
  "a\\b",
  "a/",
  "/a",
  "a//b",
  "a/.b",
  ".a",
  "a.",
  "a.lock",
  "a.lock/b",
  "@",
  "a@{1}",
  "refs/heads/a",
  "a\tb",
  "a\u0000b",
  "a\u2028b",
  "a\u00a0b",
  "\ud800",
])("%j is not a branch", (text) => {
  expect(branchProblem(text)).toBeTypeOf("string");
});

test.each([
  "origin",
  "../repo.git",
  "/srv/git/repo with space.git",
  "C:\\repos\\x",
  "https://host/x.git",
  "HTTPS://host/x",
  "http://localhost:3000/x",
  "ssh://git@host:22/x",
  "git://host/x",
  "file:///srv/x.git",
  "git@host:team/x.git",
  "host:x",
  "./a::b",
])("%s is a remote", (text) => {
  expect(remoteProblem(text)).toBeUndefined();
});

test.each([
  "-x",
  "--upload-pack=x",
  "ext::sh -c id",
  "fd::3",
  "transport+x::y",
  "ftp://host/x",
  "javascript://x",
  "ssh://-oProxyCommand=id/x",
  "ssh://a@-oProxyCommand=id/x",
  "a@-oProxyCommand=id:x",
  "a\nb",
  "a\u0000b",
  "a\u001bb",
  "a\u2028b",
  "a\ud800",
])("%j is not a remote", (text) => {
  expect(remoteProblem(text)).toBeTypeOf("string");
});

test("an argument may be empty or have many lines, but no NUL and no half character", () => {
  expect(["", "a\nb", "ünï 🧶", "--x=$(y)"].map(wordProblem)).toEqual([undefined, undefined, undefined, undefined]);
  expect(wordProblem("a\u0000")).toContain("NUL");
  expect(wordProblem("a\udc00")).toContain("Unicode");
});
