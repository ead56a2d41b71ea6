/**
 * The node's key on the disk: `node.key`, and beside it `node.key.next`, the one that is to follow it.
 *
 * A file is written under another name, synced and renamed, so that a crash leaves the old one or the new one and never a
 * part. The next key stays until it is in place: should a rotation come to nothing, it waits for the next try.
 */
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, readFileSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";

import { err, ok, type Result, type Signer } from "@skein/core";
import { createSigner, type NodeKeys } from "@skein/node";

import { Failure, reasonOf } from "./failure.ts";
import { parseKey, printKey, SEED_BYTES } from "./key-text.ts";
import { syncDirectory, writeWholeFile } from "./whole-file.ts";

export const keyFile = (directory: string): string => join(directory, "node.key");

export const nextKeyFile = (directory: string): string => `${keyFile(directory)}.next`;

export function openKeyFiles(directory: string): NodeKeys {
  const path = keyFile(directory);
  const next = nextKeyFile(directory);
  let current = createSigner(readOwnKey(path));
  const waiting = existsSync(next) ? parseKey(readFileSync(next, "utf8")) : undefined;
  let prepared: Signer | undefined = waiting === undefined ? undefined : createSigner(waiting);
  return {
    current: () => current,
    prepared: () => prepared,
    prepare: () => {
      if (prepared !== undefined) return ok(prepared);
      const seed = new Uint8Array(randomBytes(SEED_BYTES));
      const written = attempt(() => writeKey(next, seed));
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
        syncDirectory(dirname(path));
      });
    },
  };
}

/** Made once. */
function readOwnKey(path: string): Uint8Array {
  if (!existsSync(path)) saveKey(path, new Uint8Array(randomBytes(SEED_BYTES)));
  const seed = parseKey(readFileSync(path, "utf8"));
  if (seed === undefined) {
    throw new Failure(`The key file ${path} is damaged. Put its backup in place, or join with a new data directory.`);
  }
  chmodSync(path, 0o600);
  return seed;
}

export function saveKey(path: string, seed: Uint8Array): void {
  const written = attempt(() => writeKey(path, seed));
  if (!written.ok) throw new Failure(`${path} cannot be written: ${written.error}.`);
}

const writeKey = (path: string, seed: Uint8Array): void => writeWholeFile(path, printKey(seed), 0o600);

function attempt(act: () => void): Result<void, string> {
  try {
    return ok(act());
  } catch (cause) {
    return err(reasonOf(cause));
  }
}
