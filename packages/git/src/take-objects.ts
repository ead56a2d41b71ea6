/**
 * Copies objects out of a repository that an agent may have written every byte of.
 *
 * Only two kinds of files are taken, by name: loose objects and packs. Indexes, bitmaps, commit graphs, multi-pack
 * indexes and alternates are git's own notes about objects; forged ones are an attack on whoever believes them, so they
 * stay behind, and git makes its own notes about the copies. What is copied cannot change under git's feet any more.
 *
 * A few kilobytes can stand for gigabytes. A loose object says its size in its first bytes, which are read before it is
 * taken; packs are bounded by git's own limits on time and memory and by what `tree-check.ts` says of the result.
 */
import { constants } from "node:fs";
import { type FileHandle, mkdir, open, opendir, lstat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { constants as zlib, inflateSync } from "node:zlib";
import { err, ok, type Result } from "@skein/core";
import type { GitError } from "@skein/node";
import { diskError, gitError, isNotFound, quoted } from "./git-error.ts";
import { MAX_FILE_BYTES } from "./tree-check.ts";

const MAX_FILES = 500_000;
/** Of everything that is copied for one attempt. */
const MAX_BYTES = 2 * 1024 ** 3;
/** Enough of the compressed bytes to hold the header, whatever the compressor did before it. */
const HEAD_BYTES = 1024;
const CHUNK_BYTES = 1024 * 1024;

const DIRECTORY = /^[0-9a-f]{2}$/u;
const LOOSE = /^(?:[0-9a-f]{38}|[0-9a-f]{62})$/u;
const PACK = /^pack-(?:[0-9a-f]{40}|[0-9a-f]{64})\.pack$/u;

export interface Taking {
  /** `objects` of the agent's repository. */
  readonly from: string;
  /** `objects` of an empty repository of ours. */
  readonly to: string;
  /** Packs that the agent's repository had from the start: whatever is called so is not needed, or not believed. */
  readonly given: ReadonlySet<string>;
}

export interface Taken {
  /** Packs that need an index, as paths of ours. */
  readonly packs: readonly string[];
  /** An object that was left behind because of its size. */
  readonly tooBig?: string;
}

export const refused = (why: string): GitError => gitError("bad-object", `The attempt is refused: ${why}.`);

/** Why a copy stops; the message completes "The attempt is refused: …". */
class Unacceptable extends Error {}

interface Budget {
  files: number;
  bytes: number;
}

export async function takeObjects(taking: Taking): Promise<Result<Taken, GitError>> {
  const budget: Budget = { files: 0, bytes: 0 };
  try {
    if (!(await isDirectory(taking.from))) return err(refused("its object store is not a directory"));
    const tooBig = await takeLoose(taking, budget);
    const packs = await takePacks(taking, budget);
    return ok({ packs, ...(tooBig === undefined ? {} : { tooBig }) });
  } catch (cause) {
    if (cause instanceof Unacceptable) return err(refused(cause.message));
    if (cause instanceof Error && "code" in cause && isDiskTrouble(cause.code))
      return err(diskError("copy the attempt's objects", cause));
    const said = cause instanceof Error ? cause.message : String(cause);
    return err(refused(`its object store cannot be read (${quoted(said)})`));
  }
}

const isDiskTrouble = (code: unknown): boolean => ["ENOSPC", "EDQUOT", "EROFS", "EIO", "EMFILE"].includes(String(code));

async function takeLoose({ from, to }: Taking, budget: Budget): Promise<string | undefined> {
  let tooBig: string | undefined;
  for await (const directory of names(from, DIRECTORY, "directory", budget)) {
    await mkdir(join(to, directory), { recursive: true });
    for await (const name of names(join(from, directory), LOOSE, "file", budget)) {
      const size = await takeLooseObject(join(from, directory, name), join(to, directory, name), budget);
      if (size !== undefined) tooBig = `${directory}${name} has ${size} bytes; at most ${MAX_FILE_BYTES} are taken`;
    }
  }
  return tooBig;
}

/** The size of an object that is too big to be taken. What is no object at all is left behind without a word. */
async function takeLooseObject(from: string, to: string, budget: Budget): Promise<number | undefined> {
  const file = await openPlain(from);
  try {
    const head = Buffer.alloc(HEAD_BYTES);
    const { bytesRead } = await file.read(head, 0, HEAD_BYTES, 0);
    const size = looseSize(head.subarray(0, bytesRead));
    if (size === undefined) return undefined;
    if (size > MAX_FILE_BYTES) return size;
    await copy(file, to, budget);
    return undefined;
  } finally {
    await file.close();
  }
}

/** What the object says its size is; git refuses it when that is a lie. */
function looseSize(head: Buffer): number | undefined {
  try {
    const bytes = inflateSync(head, { finishFlush: zlib.Z_SYNC_FLUSH });
    const [, digits] = /^(?:blob|tree|commit|tag) (\d{1,19})\0/u.exec(bytes.toString("latin1", 0, 32)) ?? [];
    return digits === undefined ? undefined : Number(digits);
  } catch {
    return undefined;
  }
}

async function takePacks({ from, to, given }: Taking, budget: Budget): Promise<readonly string[]> {
  const packs: string[] = [];
  const directory = join(from, "pack");
  if (!(await isDirectory(directory))) return packs;
  for await (const name of names(directory, PACK, "file", budget)) {
    if (given.has(name)) continue;
    const path = join(to, "pack", name);
    await mkdir(join(to, "pack"), { recursive: true });
    const file = await openPlain(join(directory, name));
    await copy(file, path, budget).finally(() => file.close());
    packs.push(path);
  }
  return packs;
}

/** The packs of a repository that was just made, before anybody else has seen it. */
export async function packsIn(objects: string): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for await (const { name } of await opendir(join(objects, "pack"))) if (PACK.test(name)) found.add(name);
  return found;
}

// ── files nobody vouches for ────────────────────────────────────────────────────────────────────────────────────────

/** Names of this form; anything so named that is not the right kind of thing ends the copy. */
async function* names(
  directory: string,
  form: RegExp,
  kind: "file" | "directory",
  budget: Budget,
): AsyncGenerator<string> {
  for await (const entry of await opendir(directory)) {
    budget.files += 1;
    if (budget.files > MAX_FILES) throw new Unacceptable("its object store has too many files");
    if (!form.test(entry.name)) continue;
    if (kind === "file" ? !entry.isFile() : !entry.isDirectory())
      throw new Unacceptable(`its object store holds ${quoted(entry.name)}, which is not a plain ${kind}`);
    yield entry.name;
  }
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isDirectory();
  } catch (cause) {
    if (isNotFound(cause)) return false;
    throw cause;
  }
}

/** Never through a link, and never waiting for somebody at the other end of a pipe. */
async function openPlain(path: string): Promise<FileHandle> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw new Unacceptable(`its object store holds ${quoted(path)}, which is not a plain file`);
}

/** Counts what is really read: a file may grow after anybody looked at its size. */
async function copy(from: FileHandle, to: string, budget: Budget): Promise<void> {
  const target = await open(to, "wx", 0o600);
  try {
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, Math.max(1, (await from.stat()).size)));
    for (let position = 0; ;) {
      const { bytesRead } = await from.read(chunk, 0, chunk.length, position);
      if (bytesRead === 0) return;
      position += bytesRead;
      budget.bytes += bytesRead;
      if (budget.bytes > MAX_BYTES) throw new Unacceptable(`its new objects take more than ${MAX_BYTES} bytes`);
      await writeFile(target, chunk.subarray(0, bytesRead));
    }
  } finally {
    await target.close();
  }
}
