/**
 * `skein restore`: makes a data directory of a backup. It checks everything in a directory beside the target first, so the
 * target appears whole and checked, or not at all.
 *
 * What is restored is always a new incarnation. The node may have written ops since the backup was made; going on where
 * the backup ends would write a second history at places that are taken.
 */
import { randomBytes } from "node:crypto";
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

import { FOLD_VERSION, fromHex, toHex } from "@skein/core";
import { createSigner, systemClock } from "@skein/node";

import { type DataDirectory, encodeText, openDataDirectory } from "../data-directory.ts";
import { Failure, orFail, reasonOf } from "../failure.ts";
import { keyFile, saveKey } from "../key-files.ts";
import { syncDirectory } from "../whole-file.ts";
import { readSeed } from "./backup.ts";
import { type Container, openContainer, writeAll } from "./container.ts";
import { contentsHash, type Manifest } from "./manifest.ts";
import { meaningOf } from "./meaning.ts";
import { readPassphrase } from "./passphrase.ts";
import { openKey } from "./sealed-key.ts";

export interface RestoreOptions {
  readonly data: string;
  readonly file: string;
  /** Of the key in the backup: a file, or `-`; undefined to ask at the terminal. */
  readonly passphraseFile: string | undefined;
  /** The node's key file, kept apart from the backup. */
  readonly keyFrom: string | undefined;
}

export interface RestoreResult {
  readonly data: string;
  readonly mesh: string;
  readonly node: string;
  readonly ops: number;
  readonly digest: string;
  /** A new one, never the one that the node had when the backup was made. */
  readonly incarnation: string;
  /** Where the key came from. With `new` this is no member of the mesh yet. */
  readonly key: "backup" | "file" | "new";
}

export async function restore(options: RestoreOptions): Promise<RestoreResult> {
  const target = resolve(options.data);
  const file = resolve(options.file);
  checkTarget(target);
  const backup = openContainer(file);
  try {
    const staging = makeStaging(target);
    try {
      const result = await restoreInto(staging, backup, { ...options, file, data: target });
      putInPlace(staging, target);
      return result;
    } catch (cause) {
      rmSync(staging, { recursive: true, force: true });
      throw cause;
    }
  } finally {
    backup.close();
  }
}

function checkTarget(target: string): void {
  if (!existsSync(target)) return;
  try {
    if (readdirSync(target).length === 0) return;
  } catch (cause) {
    throw new Failure(`Nothing can be restored into ${target}: ${reasonOf(cause)}.`);
  }
  throw new Failure(`${target} is not empty, and restoring never replaces anything. Choose another with --data.`);
}

function putInPlace(staging: string, target: string): void {
  try {
    renameSync(staging, target);
    syncDirectory(dirname(target));
  } catch (cause) {
    throw new Failure(`Nothing could be restored into ${target}: ${reasonOf(cause)}. Choose another with --data.`);
  }
}

function makeStaging(target: string): string {
  try {
    mkdirSync(dirname(target), { recursive: true });
    // Beside the target: a rename does not leave its volume.
    return mkdtempSync(`${target}.restore-`);
  } catch (cause) {
    throw new Failure(`The data directory ${target} cannot be made: ${reasonOf(cause)}. Choose another with --data.`);
  }
}

async function restoreInto(staging: string, backup: Container, options: RestoreOptions): Promise<RestoreResult> {
  const { manifest } = backup;
  const sealed = unpack(backup, staging);
  const { seed, from } = await findKey(sealed, manifest, options);
  if (seed !== undefined) saveKey(keyFile(staging), seed);
  const describeDamage = (detail: string): string =>
    `The log in the backup ${options.file} is damaged (${detail}). Nothing was restored; use another backup.`;
  const data = openDataDirectory(staging, { create: false, describeDamage });
  try {
    const incarnation = beginNewLife(data, manifest, from);
    await check(data, manifest, options.file);
    const { mesh, node, ops, digest } = manifest;
    return { data: options.data, mesh, node: node.name, ops, digest, incarnation, key: from };
  } finally {
    data.close();
  }
}

/** Writes the log and returns the sealed key, if there is one. Every hash has been checked when this returns. */
function unpack(backup: Container, staging: string): Uint8Array | undefined {
  const sealed: Uint8Array[] = [];
  const log = openSync(join(staging, "log.sqlite"), "wx", 0o600);
  try {
    backup.read((part, chunk) => {
      if (part.name === "log.sqlite") writeAll(log, chunk);
      else sealed.push(Uint8Array.from(chunk));
    });
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    throw new Failure(`The backup could not be unpacked into ${staging}: ${reasonOf(cause)}.`);
  } finally {
    closeSync(log);
  }
  return sealed.length === 0 ? undefined : Buffer.concat(sealed);
}

interface Found {
  readonly seed: Uint8Array | undefined;
  readonly from: RestoreResult["key"];
}

async function findKey(
  sealed: Uint8Array | undefined,
  manifest: Manifest,
  { file, keyFrom, passphraseFile }: RestoreOptions,
): Promise<Found> {
  const { mesh, node, parts } = manifest;
  if (keyFrom !== undefined) {
    const seed = readSeed(resolve(keyFrom));
    if (toHex(createSigner(seed).publicKey) === node.key) return { seed, from: "file" };
    throw new Failure(
      `The key in ${keyFrom} is not the one of ${node.name}, whose backup this is. Nothing was restored.`,
    );
  }
  const [logPart, keyPart] = parts;
  if (sealed === undefined || keyPart === undefined) return { seed: undefined, from: "new" };
  if (keyPart.sealing.binds === undefined) {
    throw new Failure(
      `The key in ${file} was sealed by an earlier Skein, which did not bind it to the rest of the backup. Restore with that version, or with --key-from.`,
    );
  }
  const passphrase = await readPassphrase(passphraseFile, { twice: false });
  const contents = contentsHash(manifest, logPart);
  const seed = openKey(sealed, keyPart.sealing, passphrase, { mesh, key: node.key, contents });
  if (seed !== undefined) return { seed, from: "backup" };
  throw new Failure(
    `The passphrase does not open the key in ${file}, or the backup was changed after it was made. Nothing was restored.`,
  );
}

/**
 * The facts beside the log that may not go on as they were. Beats of this life have to be newer than all that the node
 * ever sent, of which the backup does not know: starts are counted on from the time, which goes faster than anybody
 * starts a node.
 */
function beginNewLife(data: DataDirectory, { node }: Manifest, from: RestoreResult["key"]): string {
  const incarnation = new Uint8Array(randomBytes(8));
  const boots = Math.max(data.boots, Math.floor((systemClock.wallMs() - BOOTS_SINCE_MS) / 1_000));
  const save = (key: string, value: Uint8Array): void =>
    orFail(data.store.putMeta(key, value), (error) => `Nothing was restored: ${error.message}.`);
  save("incarnation", incarnation);
  save("boot", encodeText(String(boots)));
  // Somebody else with the same log: its name tells it from the node it was.
  if (from === "new") save("name", encodeText(`${node.name}-${toHex(data.keys.current().publicKey).slice(0, 4)}`));
  return toHex(incarnation);
}

/** Keeps the number below the 2^31 that a beat may carry, until 2088. */
const BOOTS_SINCE_MS = Date.UTC(2020);

/** The log is whole, is what the manifest says, and every signature in it is its author's. */
async function check(data: DataDirectory, manifest: Manifest, file: string): Promise<void> {
  const mesh = fromHex(manifest.mesh);
  const wrong = (how: string): Failure =>
    new Failure(`The backup ${file} is not what its manifest says: ${how}. Nothing was restored; use another backup.`);
  if (mesh === undefined || data.mesh === undefined || toHex(data.mesh) !== manifest.mesh) {
    throw wrong("its log is of another mesh");
  }
  const { ops, heads, digest, foldVersion } = await meaningOf(data, mesh, { verify: true });
  const same = (a: Manifest["heads"], b: Manifest["heads"]): boolean =>
    Object.keys(a).length === Object.keys(b).length && Object.entries(a).every(([feed, seq]) => b[feed] === seq);
  if (ops !== manifest.ops || !same(heads, manifest.heads)) throw wrong("its log has other heads");
  // Another version of the fold may make another digest of the same log.
  const comparable = foldVersion === manifest.foldVersion && foldVersion === FOLD_VERSION;
  if (comparable && digest !== manifest.digest) throw wrong("its log means something else");
}
