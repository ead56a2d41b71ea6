/**
 * Turns what git says into one sentence for a person and a type for the caller.
 *
 * Everything git prints may carry text that somebody else wrote (hook output, paths, ref names, server banners), and a
 * remote's address may carry a password. Nothing leaves this package before it went through `oneLine`.
 */
import type { GitError } from "@skein/node";

export const gitError = (type: GitError["type"], message: string): GitError => ({ type, message });

export const aborted = (doing: string): GitError => gitError("aborted", `Stopped before git could ${doing}.`);

const ESCAPE = "\u001b";
const BELL = "\u0007";
/** Terminal sequences go as a whole, so that their visible rest does not stay behind; see ECMA-48 5.4 and 5.6. */
const TERMINAL_SEQUENCES = new RegExp(
  `${ESCAPE}\\[[0-?]*[ -/]*[@-~]|${ESCAPE}[\\]PX^_][^${BELL}${ESCAPE}]*(?:${BELL}|${ESCAPE}\\\\)?|${ESCAPE}[ -~]`,
  "gu",
);
/** Control and invisible formatting characters (the latter can reorder or hide what a person reads). */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu;
/**
 * A web address never needs its user part to be recognized; elsewhere only a password is a secret. A password may hold
 * a slash that nobody encoded, so everything up to the last @ goes; hiding too much is the lesser harm.
 */
const WEB_USER = /(https?:\/\/)[^\s'"]*@/giu;
const PASSWORD = /([a-z][a-z0-9+.-]*:\/\/[^/\s:@'"]*):[^\s'"]*@/giu;

/** Hides user names and passwords inside addresses. */
export function withoutCredentials(text: string): string {
  return text.replace(WEB_USER, "$1***@").replace(PASSWORD, "$1:***@");
}

/** Text fit to be part of a sentence on a terminal, in a log or in a chat: one line, no control characters, bounded. */
export function oneLine(text: string, maxLength: number = 300): string {
  const plain = withoutCredentials(text.replace(TERMINAL_SEQUENCES, "").replace(INVISIBLE, " "))
    .replace(/\s+/gu, " ")
    .trim();
  return plain.length <= maxLength ? plain : `${plain.slice(0, maxLength - 1)}…`;
}

/** A name out of a repository, quoted so that its odd characters show instead of acting. */
export function quoted(name: string): string {
  const visible = name.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\\"]/gu, (character) =>
    character === "\\" || character === '"' ? `\\${character}` : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
  return `"${visible.length <= 200 ? visible : `${visible.slice(0, 199)}…`}"`;
}

/** The lines of standard error that say something, without git's prefixes and advice. */
export function condense(stderr: string): string {
  const lines = stderr
    .split(/[\r\n]+/u)
    .map((line) => oneLine(line))
    .filter((line) => !/^(?:hint:|To |remote:\s*$|Please make sure you have|and the repository exists)/u.test(line))
    .map((line) => line.replace(/^(?:(?:fatal|error|remote|warning):\s*)+/u, "").replace(/[.\s]+$/u, ""))
    .filter((line) => line !== "");
  return oneLine([...new Set(lines)].slice(0, 4).join("; "));
}

const DISK = /No space left on device|Disk quota exceeded|Read-only file system|Input\/output error/iu;
const DENIED =
  /Authentication failed|Permission denied|could not read (?:Username|Password)|terminal prompts disabled|error: 40[13]\b|Host key verification failed|dubious ownership/iu;
const UNREACHABLE =
  /Could not read from remote repository|upon initial contact|unable to access|does not appear to be a git repository|Could not resolve host|unable to connect|Connection (?:refused|timed out|reset)|Network is unreachable|repository .*not found/iu;
const LOST = /hung up unexpectedly|RPC failed|early EOF|unexpected disconnect|Broken pipe|curl \d+/iu;
const BAD_OBJECT =
  /fsck error|index-pack failed|unpack-objects|bad object|bad tree|not a valid object|not a commit|not a tree object|Not a valid (?:object|commit) name|missing (?:blob|tree|commit)|did not send all necessary objects|not our ref|unable to read (?:tree|sha1)|non-commit object|nonexistent object|corrupt|unable to find|ambiguous argument|not something we can merge|refusing to merge unrelated histories|unknown revision|Needed a single revision/iu;

/** The failure happened while the connection was being made: nothing was sent yet. */
export const neverConnected = (stderr: string): boolean => DENIED.test(stderr) || UNREACHABLE.test(stderr);

/** The type of a failed command, from what git says about it in the C locale. */
function typeOf(stderr: string): GitError["type"] {
  if (DISK.test(stderr)) return "disk";
  if (/couldn't find remote ref/iu.test(stderr)) return "missing-branch";
  if (DENIED.test(stderr)) return "refused";
  if (UNREACHABLE.test(stderr)) return "remote-unreachable";
  if (/not a git repository/iu.test(stderr)) return "not-a-repository";
  if (BAD_OBJECT.test(stderr)) return "bad-object";
  return LOST.test(stderr) ? "remote-unreachable" : "git-failed";
}

const NEXT: Readonly<Partial<Record<GitError["type"], string>>> = {
  disk: "Free some space or repair the disk, then try again.",
  refused: "Give this machine access to the repository, then try again.",
  "remote-unreachable": "Check the remote's address and the network.",
};

/** The error for a git command that ended with a failing exit code. `doing` completes "Could not …". */
export function failed(doing: string, stderr: string): GitError {
  const type = typeOf(stderr);
  const said = condense(stderr);
  const sentence = `Could not ${doing}: ${said === "" ? "git gave no reason" : said}.`;
  const next = NEXT[type];
  return gitError(type, next === undefined ? sentence : `${sentence} ${next}`);
}

/** The error for a file system call of ours that failed. */
export function diskError(doing: string, cause: unknown): GitError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return gitError(
    "disk",
    `Could not ${doing}: ${oneLine(reason)}. Check the disk and the permissions of the directory.`,
  );
}

/** There is nothing at this path. */
export const isNotFound = (cause: unknown): boolean =>
  cause instanceof Error && "code" in cause && (cause.code === "ENOENT" || cause.code === "ENOTDIR");
