/** Reads one file of a commit straight from the mirror, as text. */
import { err, ok, type Result } from "@skein/core";
import type { GitError, Oid } from "@skein/node";
import { gitError, quoted } from "./git-error.ts";
import type { Mirror } from "./mirror.ts";
import { isOid } from "./names.ts";

const MAX_FILE_BYTES = 256 * 1024;

export interface FileAt {
  readonly commit: Oid;
  readonly path: string;
}

export async function readFile(
  { git, gitDir }: Mirror,
  { commit, path }: FileAt,
  signal: AbortSignal,
): Promise<Result<string | undefined, GitError>> {
  if (!isOid(commit) || !isPlainPath(path))
    return err(gitError("git-failed", `${quoted(path)} at ${quoted(commit)} is not a path inside a commit.`));
  const doing = `read ${quoted(path)} at ${commit}`;
  const args = ["ls-tree", "-z", "-l", "--full-tree", commit, "--", path];
  const listed = await git.output({ doing, gitDir, args }, signal);
  if (!listed.ok) return listed;
  if (listed.value === "") return ok(undefined);
  const [mode = "", , oid = "", size = ""] = listed.value.slice(0, listed.value.indexOf("\t")).split(/ +/u);
  if (!/^100(?:644|755)$/u.test(mode))
    return err(gitError("bad-object", `${quoted(path)} at ${commit} is not a file.`));
  if (Number(size) > MAX_FILE_BYTES)
    return err(
      gitError(
        "bad-object",
        `${quoted(path)} at ${commit} has ${size} bytes; at most ${MAX_FILE_BYTES} are read. Make it smaller.`,
      ),
    );
  const read = await git.run({ doing, gitDir, args: ["cat-file", "blob", oid] }, signal);
  if (!read.ok) return read;
  try {
    return ok(new TextDecoder("utf-8", { fatal: true }).decode(read.value.stdout));
  } catch {
    return err(gitError("bad-object", `${quoted(path)} at ${commit} is not UTF-8 text. Save it as UTF-8.`));
  }
}

const isPlainPath = (path: string): boolean =>
  path !== "" &&
  !/\p{Cc}/u.test(path) &&
  path.split("/").every((component) => component !== "" && component !== "." && component !== "..");
