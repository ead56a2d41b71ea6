/**
 * The node's key on the disk: `node.key`, and beside it `node.key.next`, the one that is to follow it.
 *
 * A file is written under another name, synced and renamed, so that a crash leaves the old one or the new one and never a
 * part. The next key stays until it is in place: should a rotation come to nothing, it waits for the next try.
 */
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";

import { err, fromHex, ok, type Result, type Signer, toHex } from "@skein/core";
import { createSigner, type NodeKeys } from "@skein/node";

import { Failure, reasonOf } from "./failure.ts";

export const keyFile = (directory: string): string => join(directory, "node.key");

export const nextKeyFile = (directory: string): string => `${keyFile(directory)}.next`;

export function openKeyFiles(directory: string): NodeKeys {
  const path = keyFile(directory);
  const next = nextKeyFile(directory);
  let current = createSigner(secretFile(path));
  const waiting = existsSync(next) ? readSecret(next) : undefined;
  let prepared: Signer | undefined = waiting === undefined ? undefined : createSigner(waiting);
  return {
    current: () => current,
    prepared: () => prepared,
    prepare: () => {
      if (prepared !== undefined) return ok(prepared);
      const seed = new Uint8Array(randomBytes(32));
      const written = attempt(() => writeSecret(next, seed));
      if (!written.ok) return written;
      prepared = createSigner(seed);
      return ok(prepared);
    },
    adopt: () => {
      if (prepared === undefined) return err("there is no new key");
      current = prepared;
      prepared = undefined;
      return attempt(() => {
        renameSync(next, path);
        syncDirectory(path);
      });
    },
  };
}

/** 32 secret bytes in a file that only its owner reads, made once. */
export function secretFile(path: string): Uint8Array {
  if (!existsSync(path)) saveSecret(path, new Uint8Array(randomBytes(32)));
  const seed = readSecret(path);
  if (seed === undefined) {
    throw new Failure(`The key file ${path} is damaged. Put its backup in place, or join with a new data directory.`);
  }
  chmodSync(path, 0o600);
  return seed;
}

export function saveSecret(path: string, seed: Uint8Array): void {
  const written = attempt(() => writeSecret(path, seed));
  if (!written.ok) throw new Failure(`${path} cannot be written: ${written.error}.`);
}

function readSecret(path: string): Uint8Array | undefined {
  const seed = fromHex(readFileSync(path, "utf8").trim());
  return seed?.length === 32 ? seed : undefined;
}

function writeSecret(path: string, seed: Uint8Array): void {
  const draft = `${path}.new`;
  // Left over from a crash: nobody ever used what is in it.
  rmSync(draft, { force: true });
  const file = openSync(draft, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    writeSync(file, `${toHex(seed)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(draft, path);
  syncDirectory(path);
}

/** A rename is durable once its directory is. */
function syncDirectory(path: string): void {
  const directory = openSync(dirname(path), constants.O_RDONLY);
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

function attempt(act: () => void): Result<void, string> {
  try {
    return ok(act());
  } catch (cause) {
    return err(reasonOf(cause));
  }
}
