/** `skein backup`: the log, and the key when it is asked for, in one file that says what it holds and can prove it. */
import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

import { toHex } from "@skein/core";
import { createSigner } from "@skein/node";

import { openDataDirectory } from "../data-directory.ts";
import { parseKey } from "../key-text.ts";
import { Failure, reasonOf } from "../failure.ts";
import { keyFile, nextKeyFile } from "../key-files.ts";
import { VERSION } from "../version.ts";
import { measure, type Source, writeContainer } from "./container.ts";
import { contentsHash, type Manifest } from "./manifest.ts";
import { type Meaning, meaningOf } from "./meaning.ts";
import { readPassphrase } from "./passphrase.ts";
import { sealKey } from "./sealed-key.ts";
import { takeSnapshot } from "./snapshot.ts";

export interface BackupOptions {
  readonly data: string;
  readonly file: string;
  readonly force: boolean;
  readonly withKey: boolean;
  /** A file, or `-`; undefined to ask at the terminal. */
  readonly passphraseFile: string | undefined;
}

export interface BackupResult {
  readonly file: string;
  readonly bytes: number;
  readonly mesh: string;
  readonly node: string;
  readonly ops: number;
  readonly digest: string;
  readonly withKey: boolean;
}

export async function backup(options: BackupOptions): Promise<BackupResult> {
  const directory = resolve(options.data);
  const file = resolve(options.file);
  checkTarget(file, options.force);
  if (!existsSync(join(directory, "log.sqlite"))) {
    throw new Failure(`There is no node in ${directory}. Name its data directory with --data.`);
  }
  const seed = readSeed(keyFile(directory));
  if (options.withKey && existsSync(nextKeyFile(directory))) {
    throw new Failure(
      "The node's key is about to be followed by another one, and a backup holds one key. Finish it with `skein rotate`, or leave out --with-key.",
    );
  }
  const passphrase = options.withKey ? await readPassphrase(options.passphraseFile, { twice: true }) : undefined;
  const snapshot = await takeSnapshot(directory);
  try {
    const described = await describeLog(snapshot);
    const node = { name: described.name, key: currentKey(described, toHex(createSigner(seed).publicKey), options) };
    const { manifest, sources } = pack({ ...described, node }, join(snapshot, "log.sqlite"), seed, passphrase);
    writeContainer(file, manifest, sources, options);
    const { mesh, ops, digest } = manifest;
    return { file, bytes: statSync(file).size, mesh, node: node.name, ops, digest, withKey: options.withKey };
  } finally {
    rmSync(snapshot, { recursive: true, force: true });
  }
}

function checkTarget(file: string, force: boolean): void {
  if (!existsSync(dirname(file))) {
    throw new Failure(`There is no directory ${dirname(file)}. Make it, or choose another file.`);
  }
  if (!existsSync(file)) return;
  if (!statSync(file).isFile()) throw new Failure(`${file} is not a file. Choose another one.`);
  if (!force) throw new Failure(`${file} is there already. Choose another file, or replace it with --force.`);
}

export function readSeed(path: string): Uint8Array {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new Failure(`The key file ${path} cannot be read: ${reasonOf(cause)}.`);
  }
  const seed = parseKey(text);
  if (seed === undefined) throw new Failure(`${path} is not a key file of Skein, or it is damaged.`);
  return seed;
}

interface Described extends Meaning {
  readonly mesh: string;
  readonly name: string;
}

/** Opens the copy as a node would: what cannot be read back is no backup. */
async function describeLog(snapshot: string): Promise<Described> {
  const data = openDataDirectory(snapshot, { create: false });
  try {
    if (data.mesh === undefined) throw new Failure("The node belongs to no mesh yet, so there is nothing to back up.");
    const meaning = await meaningOf(data, data.mesh, { verify: false });
    return { mesh: toHex(data.mesh), name: data.name ?? "node", ...meaning };
  } finally {
    data.close();
  }
}

/** The key of the file gave way to another one when it was read just before a rotation, or when a copy was rotated. */
function currentKey({ members }: Meaning, key: string, { withKey }: BackupOptions): string {
  const successor = members.find(({ earlierKeys }) => earlierKeys.includes(key));
  if (successor === undefined) return key;
  if (!withKey) return successor.key;
  throw new Failure(
    "The key of this node was replaced by another one, so a backup of it is of no use. Try again when the rotation is over, or leave out --with-key.",
  );
}

function pack(
  { name: _name, members: _members, ...described }: Described & Pick<Manifest, "node">,
  log: string,
  seed: Uint8Array,
  passphrase: string | undefined,
): { readonly manifest: Manifest; readonly sources: readonly Source[] } {
  const facts = { madeAt: new Date().toISOString(), by: VERSION, ...described };
  const logPart = { name: "log.sqlite" as const, ...measure(log) };
  if (passphrase === undefined) return { manifest: { ...facts, parts: [logPart] }, sources: [log] };
  const contents = contentsHash(facts, logPart);
  const { sealed, sealing } = sealKey(seed, passphrase, { mesh: facts.mesh, key: facts.node.key, contents });
  const keyPart = { name: "node.key" as const, ...measure(sealed), sealing };
  return { manifest: { ...facts, parts: [logPart, keyPart] }, sources: [log, sealed] };
}
