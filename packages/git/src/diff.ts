/**
 * What an attempt has changed, as text: its tip against where it left the target branch. Read from the mirror, with nothing of the
 * repository's own taking part: no attributes, no text conversion, no external diff, no configuration.
 *
 * Paths and content are whatever the agent made of them. Both are bounded, and what is left out is named.
 */
import { err, ok, type Result } from "@skein/core";
import type { ChangedFile, Changes, GitError, Oid } from "@skein/node";
import { failed, gitError, quoted } from "./git-error.ts";
import { BASE_REF, type Mirror, resolve } from "./mirror.ts";
import { isOid } from "./names.ts";

const MAX_FILES = 300;
const MAX_PATCH_BYTES = 1024 * 1024;
/** The list of the files alone; a diff that has a longer one is no diff that anybody reads. */
const MAX_LIST_BYTES = 4 * 1024 * 1024;

export interface DiffInputs {
  readonly tip: Oid;
  /** The commit it landed as; left out while it has not. */
  readonly landed?: Oid | undefined;
}

const SETTINGS: readonly string[] = [
  // Larger ones count as binary: nobody comments on lines of them, and each would be read as a whole.
  "core.bigFileThreshold=1m",
  // Names of other scripts as they are; what would act on a terminal stays quoted.
  "core.quotePath=false",
  "diff.noprefix=false",
  "diff.mnemonicPrefix=false",
  "diff.renameLimit=400",
];
const PLAIN: readonly string[] = [
  "--no-color",
  "--no-ext-diff",
  "--no-textconv",
  "--submodule=short",
  "--find-renames",
];

export async function diff(
  mirror: Mirror,
  { tip, landed }: DiffInputs,
  signal: AbortSignal,
): Promise<Result<Changes, GitError>> {
  if (!isOid(tip) || (landed !== undefined && !isOid(landed)))
    return err(gitError("git-failed", `${quoted(tip)} is not a commit id, so there is nothing to compare.`));
  const base = await forkPoint(mirror, { tip, landed }, signal);
  if (!base.ok) return base;
  const listed = await listFiles(mirror, { base: base.value, tip }, signal);
  if (!listed.ok) return listed;
  const shown = listed.value.slice(0, MAX_FILES);
  const patches = await patchesOf(mirror, { base: base.value, tip, files: shown }, signal);
  if (!patches.ok) return patches;
  const files = shown.map((file, at) => ({ ...file, patch: patches.value[at] ?? null }));
  return ok({ base: base.value, tip, files, filesLeftOut: listed.value.length - shown.length });
}

/** Once it has landed, the target branch contains the tip; then it is where the landing's own first parent was left. */
async function forkPoint(
  mirror: Mirror,
  { tip, landed }: DiffInputs,
  signal: AbortSignal,
): Promise<Result<Oid, GitError>> {
  const doing = `find where ${tip} left ${mirror.base}`;
  const onto = await resolve(mirror, `${landed === undefined ? BASE_REF : `${landed}^1`}^{commit}`, doing, signal);
  if (!onto.ok) return onto;
  const { git, gitDir } = mirror;
  const asked = await git.run({ doing, gitDir, args: ["merge-base", onto.value, tip] }, signal);
  if (!asked.ok) return asked;
  const { code, stdout, stderr } = asked.value;
  const base = stdout.toString("utf8").trim();
  if (code === 0 && isOid(base)) return ok(base);
  return err(
    code === 1
      ? gitError("bad-object", `${tip} and ${mirror.base} have no commit in common, so there is nothing to compare.`)
      : failed(doing, stderr),
  );
}

type Listed = Omit<ChangedFile, "patch">;

interface Range {
  readonly base: Oid;
  readonly tip: Oid;
}

async function listFiles(
  { git, gitDir }: Mirror,
  { base, tip }: Range,
  signal: AbortSignal,
): Promise<Result<readonly Listed[], GitError>> {
  const doing = `list what ${tip} has changed`;
  const args = ["diff-tree", "-r", "-z", "--raw", "--no-abbrev", ...PLAIN, base, tip];
  const call = { doing, gitDir, args, config: SETTINGS, reads: "foreign", maxOutputBytes: MAX_LIST_BYTES } as const;
  const listed = await git.output(call, signal);
  return listed.ok ? ok(parseRaw(listed.value)) : listed;
}

/** `:100644 100644 <oid> <oid> M\0path\0`, with a second path behind a rename. */
function parseRaw(raw: string): readonly Listed[] {
  const fields = raw.split("\0");
  const files: Listed[] = [];
  for (let at = 0; at < fields.length - 1;) {
    const [before = "", after = "", , , how = ""] = (fields[at] ?? "").slice(1).split(" ");
    const isMoved = how.startsWith("R") || how.startsWith("C");
    const from = fields[at + 1] ?? "";
    const path = isMoved ? (fields[at + 2] ?? "") : from;
    files.push({
      path,
      from: isMoved ? from : null,
      change: CHANGES[how[0] ?? ""] ?? "changed",
      sort: sortOf(before, after),
    });
    at += isMoved ? 3 : 2;
  }
  return files;
}

const CHANGES: Readonly<Record<string, ChangedFile["change"]>> = {
  A: "added",
  D: "deleted",
  R: "renamed",
  C: "added",
};

function sortOf(before: string, after: string): ChangedFile["sort"] {
  const mode = after === "000000" ? before : after;
  return mode === "120000" ? "symlink" : mode === "160000" ? "submodule" : "file";
}

/** A patch for each of the files, in their order; null where it is left out. */
async function patchesOf(
  mirror: Mirror,
  { files, ...range }: Range & { readonly files: readonly Listed[] },
  signal: AbortSignal,
): Promise<Result<readonly (string | null)[], GitError>> {
  const whole = await patchText(mirror, { ...range, paths: [], maxOutputBytes: MAX_PATCH_BYTES }, signal);
  if (!whole.ok) return whole;
  // All files are in it, in the order that they are listed in, when none is left out of the list.
  // As git ends lines: within one there may be any other character that a `^` would take for a beginning.
  const patches = whole.value === undefined ? [] : whole.value.split(/(?<=\n)(?=diff --git )/u);
  if (patches.length === files.length) return ok(patches);
  return oneByOne(mirror, { files, ...range }, signal);
}

/** Too much in all: as many as fit, and no file keeps those behind it from being shown. */
async function oneByOne(
  mirror: Mirror,
  { files, ...range }: Range & { readonly files: readonly Listed[] },
  signal: AbortSignal,
): Promise<Result<readonly (string | null)[], GitError>> {
  const patches: (string | null)[] = [];
  let left = MAX_PATCH_BYTES;
  for (const { path, from } of files) {
    const paths = from === null ? [path] : [from, path];
    const shown = await patchText(mirror, { ...range, paths, maxOutputBytes: Math.min(left, MAX_FILE_BYTES) }, signal);
    if (!shown.ok) return shown;
    patches.push(shown.value ?? null);
    left = Math.max(1, left - Buffer.byteLength(shown.value ?? ""));
  }
  return ok(patches);
}

const MAX_FILE_BYTES = 256 * 1024;

/** Undefined when it is longer than that. */
async function patchText(
  { git, gitDir }: Mirror,
  { base, tip, paths, maxOutputBytes }: Range & { readonly paths: readonly string[]; readonly maxOutputBytes: number },
  signal: AbortSignal,
): Promise<Result<string | undefined, GitError>> {
  const doing = `compare ${tip} with ${base}`;
  const args = ["diff-tree", "-r", "-p", "--unified=3", ...PLAIN, base, tip, "--", ...paths];
  const asked = await git.run({ doing, gitDir, args, config: SETTINGS, reads: "foreign", maxOutputBytes }, signal);
  // Nothing else that git says ends with this type here: the range was listed just now.
  if (!asked.ok) return asked.error.type === "bad-object" ? ok(undefined) : asked;
  const { code, stdout, stderr } = asked.value;
  return code === 0 ? ok(stdout.toString("utf8")) : err(failed(doing, stderr));
}
