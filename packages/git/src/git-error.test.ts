import { expect, test } from "vitest";
import { condense, failed, oneLine, quoted } from "./git-error.ts";

test("credentials in addresses are masked", () => {
  expect(oneLine("fatal: unable to access 'https://user:to/ken@host/x': no")).not.toContain("user:");
  expect(oneLine("https://x-token:abc@def@host/p https://abc@host/q")).toBe("https://***@host/p https://***@host/q");
  expect(oneLine("ssh://git@host/p ssh://git:pw@host/p")).toBe("ssh://git@host/p ssh://git:***@host/p");
});

test("terminal sequences and invisible characters do not get through", () => {
  expect(oneLine("\u001b]0;title\u0007a\u001b[31;1mb\u001b[0m\r\nc\u202ed\u0000e")).toBe("ab c d e");
  expect(oneLine("x".repeat(500))).toHaveLength(300);
  expect(quoted('a"\n\u202e\\')).toBe(String.raw`"a\"\u{a}\u{202e}\\"`);
});

test("standard error becomes one line without prefixes, repetition and advice", () => {
  const stderr =
    "hint: try this\nerror: a\nfatal: a\nremote: \nremote: b.\nTo /x\n\nPlease make sure you have rights\n";
  expect(condense(stderr)).toBe("a; b");
});

test.each([
  ["fatal: couldn't find remote ref refs/heads/x", "missing-branch"],
  [
    "fatal: '/x' does not appear to be a git repository\nfatal: Could not read from remote repository.",
    "remote-unreachable",
  ],
  ["fatal: unable to access 'https://h/': Could not resolve host: h", "remote-unreachable"],
  ["git@h: Permission denied (publickey).\nfatal: Could not read from remote repository.", "refused"],
  ["fatal: unable to access 'https://h/': The requested URL returned error: 403", "refused"],
  ["fatal: could not read Username for 'https://h': terminal prompts disabled", "refused"],
  ["error: RPC failed; curl 56\nfatal: early EOF", "remote-unreachable"],
  ["fatal: write error: No space left on device", "disk"],
  ["error: object a: hasDotgit: contains '.git'\nfatal: fsck error in packed object", "bad-object"],
  ["merge-tree: 1111111111111111111111111111111111111111 - not something we can merge", "bad-object"],
  ["fatal: refusing to merge unrelated histories", "bad-object"],
  ["fatal: something new", "git-failed"],
])("%j is %s", (stderr, type) => {
  expect(failed("try", stderr)).toMatchObject({ type });
});

test("a failure without words still is a sentence", () => {
  expect(failed("try", "").message).toBe("Could not try: git gave no reason.");
});
