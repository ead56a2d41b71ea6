/**
 * Keeps the mirror quick. Every fetch whose objects are checked leaves a pack, and every attempt a ref; git looks into each
 * pack for each object, and reads each ref that is a file of its own, so after a thousand items all of it would be slow.
 *
 * Packs are joined by size (`git repack --geometric`), so that old ones are hardly ever written again. No object is
 * dropped: somebody may be reading.
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { err, ok, type Result } from "@skein/core";
import type { GitError } from "@skein/node";
import { diskError } from "./git-error.ts";
import type { Mirror } from "./mirror.ts";

/** Few enough not to be felt, many enough that joining them is seldom. */
const MOST_PACKS = 50;

/** To be called in turn. An error leaves everything as good as it was, only slower. */
export async function joinPacks({ git, gitDir }: Mirror, signal: AbortSignal): Promise<Result<void, GitError>> {
  const doing = "join the packs of the mirror";
  try {
    const names = await readdir(join(gitDir, "objects", "pack"));
    if (names.filter((name) => name.endsWith(".pack")).length <= MOST_PACKS) return ok(undefined);
  } catch (cause) {
    return err(diskError(doing, cause));
  }
  const refs = await git.output({ doing, gitDir, args: ["pack-refs", "--all"] }, signal);
  if (!refs.ok) return refs;
  const packed = await git.output({ doing, gitDir, args: ["repack", "--geometric=2", "-d", "-l", "-q"] }, signal);
  return packed.ok ? ok(undefined) : packed;
}
