/**
 * The `Asking` port on files: a private directory for each attempt, `<directory>/<item>-<epoch>`, in which the agent puts
 * `<name>.json` and finds `<name>.answer` or `<name>.error`.
 *
 * Beside them it may put `usage.jsonl`, which says what it has used (`usage-file.ts` of the node reads it).
 *
 * The agent owns what it writes there, so everything is bounded and nothing is followed: names are checked words, of a file
 * at most a few KiB are read, links and pipes are refused, an own file is put in place by a rename, which replaces a link
 * instead of writing through it, and a directory that is another one than was made is not looked into. The directory is
 * looked at again and again instead of watched: file watchers run out, and differ from system to system.
 */
import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  opendirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";

import { assert, err, ITEM_ID, ok, type Result } from "@skein/core";
import type { AskedFile, Asking, AskingPlace, Cancel, Clock } from "@skein/node";

export interface AskingOptions {
  readonly directory: string;
  readonly clock: Clock;
}

const LOOK_MS = 200;
const FILE_BYTES = 4_096;
const USAGE_BYTES = 64 * 1024;
/** More names of one attempt than this are not told; the ones told are answered, if only by an error. */
const NAMES_MAX = 64;
/** Entries of the directory that one look reads. */
const ENTRIES_MAX = 512;

const NAME = /^[a-z0-9-]{1,20}$/;

export function createAsking({ directory, clock }: AskingOptions): Asking {
  return {
    open: ({ item, epoch }, onAsked, onTrouble) => {
      assert(ITEM_ID.test(item) && Number.isSafeInteger(epoch), "a place to ask is named by an item id and an epoch");
      const path = join(directory, `${item}-${epoch}`);
      const made = attempt(`The directory for the agent's questions, ${path}, cannot be made`, () => makeFresh(path));
      return made.ok ? ok(watch({ path, identity: made.value, clock, onAsked, onTrouble })) : made;
    },
  };
}

/** A directory of this name that is left of an earlier life goes. Returns what tells the new one from any other. */
function makeFresh(path: string): string {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return identityOf(path);
}

function identityOf(path: string): string {
  const { dev, ino } = lstatSync(path, { bigint: true });
  return `${dev}/${ino}`;
}

interface Place {
  readonly path: string;
  readonly identity: string;
  readonly clock: Clock;
  readonly onAsked: (asked: AskedFile) => void;
  readonly onTrouble: (message: string) => void;
}

function watch(place: Place): AskingPlace {
  const { path, clock } = place;
  const told = new Set<string>();
  const seen = new Set<string>();
  let isClosed = false;
  const say = (message: string): void => {
    if (!told.has(message)) place.onTrouble(message);
    told.add(message);
  };
  const look = (): void => {
    const names = attempt("The agent's questions cannot be read any more", () => namesIn(place, say));
    if (!names.ok) {
      say(names.error);
      return;
    }
    for (const name of names.value) {
      if (seen.has(name)) continue;
      if (seen.size >= NAMES_MAX)
        say(`The agent has put more than ${NAMES_MAX} questions there: the rest is not read.`);
      else {
        seen.add(name);
        place.onAsked({ name, content: readBounded(join(path, `${name}.json`), "question", FILE_BYTES) });
      }
    }
    cancel = clock.after(LOOK_MS, look);
  };
  let cancel: Cancel = clock.after(LOOK_MS, look);
  return {
    directory: path,
    readUsage: () => {
      const path = join(place.path, "usage.jsonl");
      const there = attempt("What the agent tells of its use cannot be read", () => {
        sameDirectory(place);
        return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
      });
      if (!there.ok || !there.value) return there.ok ? ok(undefined) : there;
      return readBounded(path, "usage.jsonl", USAGE_BYTES);
    },
    answer: (name, text) => put(place, `${checked(name)}.answer`, text),
    refuse: (name, why) => put(place, `${checked(name)}.error`, `${why}\n`),
    close: async () => {
      if (isClosed) return;
      isClosed = true;
      cancel();
      await remove(path, say);
    },
  };
}

function checked(name: string): string {
  assert(NAME.test(name), "an answer is for a question that was told");
  return name;
}

function sameDirectory({ path, identity }: Place): void {
  if (identityOf(path) !== identity) throw new Error("the directory was replaced by another one");
}

/** The names of the questions there, in one order whatever the file system's is. */
function namesIn(place: Place, say: (message: string) => void): readonly string[] {
  sameDirectory(place);
  const names: string[] = [];
  const entries = opendirSync(place.path);
  try {
    for (let count = 0; count <= ENTRIES_MAX; count++) {
      const entry = entries.readSync();
      if (entry === null) return names.toSorted();
      const [, name] = /^(.*)\.json$/s.exec(entry.name) ?? [];
      if (name === undefined) continue;
      if (NAME.test(name)) names.push(name);
      else say("A file of the agent is no question: its name must be 1 to 20 of a-z, 0-9 and dashes, and .json.");
    }
    say(`The agent has put more than ${ENTRIES_MAX} files beside its questions: not all of them are read.`);
    return names.toSorted();
  } finally {
    entries.closeSync();
  }
}

/** Neither a link is followed nor a pipe waited for, and a file that grows meanwhile is read no further. */
function readBounded(path: string, what: string, most: number): Result<Uint8Array, string> {
  const opened = attempt(`The ${what} cannot be read`, () =>
    openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK),
  );
  if (!opened.ok) return opened;
  try {
    if (!fstatSync(opened.value).isFile()) return err(`The ${what} is not a plain file.`);
    const bytes = new Uint8Array(most + 1);
    let filled = 0;
    for (let count = 1; count > 0 && filled < bytes.length; filled += count) {
      count = readSync(opened.value, bytes, filled, bytes.length - filled, null);
    }
    return filled > most
      ? err(`The ${what}${what === "question" ? "'s file" : ""} has more than ${most} bytes.`)
      : ok(bytes.subarray(0, filled));
  } finally {
    closeSync(opened.value);
  }
}

function put(place: Place, name: string, text: string): Result<void, string> {
  return attempt(`The agent cannot be told in ${name}`, () => {
    sameDirectory(place);
    const beside = join(place.path, `.skein-${randomBytes(8).toString("hex")}`);
    writeFileSync(beside, text, { flag: "wx", mode: 0o600 });
    renameSync(beside, join(place.path, name));
  });
}

async function remove(path: string, say: (message: string) => void): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (cause) {
    say(`${path} cannot be removed: ${reasonOf(cause)}.`);
  }
}

function attempt<T>(what: string, operation: () => T): Result<T, string> {
  try {
    return ok(operation());
  } catch (cause) {
    return err(`${what}: ${reasonOf(cause)}.`);
  }
}

function reasonOf(cause: unknown): string {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (code === "ELOOP") return "it is a symbolic link";
  if (code === "ENOENT") return "it is not there";
  return typeof code === "string" ? code : cause instanceof Error ? cause.message : String(cause);
}
