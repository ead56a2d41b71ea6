/**
 * Where the keys of one device are between two lives of the process: one file, written anew as a whole, encrypted and
 * authenticated with a key that is derived from the account's secret. A file that was changed, or is another device's, or
 * needs another secret, does not open.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes, scrypt } from "node:crypto";
import { mkdir, open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { deserialize, serialize } from "node:v8";

import type { DatabaseDump } from "./indexed-db.ts";

export interface KeyState {
  /** Up to where the homeserver's messages to the device are taken in. */
  readonly position: string | undefined;
  /** Rooms that are encrypted for ever. */
  readonly encryptedRooms: readonly string[];
  readonly databases: readonly DatabaseDump[];
}

export interface KeyFile {
  readonly path: string;
  /** Undefined when there is none yet, `sealed` when it does not open. */
  read(): Promise<KeyState | undefined | "sealed">;
  /** Durable when it resolves. */
  write(state: KeyState): Promise<void>;
}

/** Private keys of the account's identity. */
export interface IdentitySeeds {
  readonly master: Uint8Array;
  readonly selfSigning: Uint8Array;
  readonly userSigning: Uint8Array;
}

export interface DerivedKeys {
  readonly file: Uint8Array;
  readonly seeds: IdentitySeeds;
}

const MAGIC = "skein matrix keys 1\n";
const IV_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
const SCRYPT = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };

const scryptAsync = promisify<string, string, number, typeof SCRYPT, Buffer>(scrypt);

/** Nodes of one account derive the same. What is derived may not change: accounts would lose their identity and their keys. */
export async function deriveKeys(secret: string, userId: string): Promise<DerivedKeys> {
  const bytes = await scryptAsync(secret, `${MAGIC}${userId}`, 4 * KEY_BYTES, SCRYPT);
  const part = (n: number): Uint8Array => bytes.subarray(n * KEY_BYTES, (n + 1) * KEY_BYTES);
  return { file: part(0), seeds: { master: part(1), selfSigning: part(2), userSigning: part(3) } };
}

export function createKeyFile(directory: string, device: string, key: Uint8Array): KeyFile {
  const name = createHash("sha256").update(device).digest("hex").slice(0, 24);
  const path = join(directory, `${name}.keys`);
  const context = MAGIC + device;
  return {
    path,
    read: async () => {
      const bytes = await readIfThere(path);
      if (bytes === undefined) return undefined;
      const plain = unseal(key, bytes, context);
      // What opens was written here, so it has the form that is written here.
      return plain === undefined ? "sealed" : (deserialize(plain) as KeyState);
    },
    write: async (state) => {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const draft = `${path}.new`;
      await writeDurably(draft, seal(key, serialize(state), context));
      await rename(draft, path);
      await syncDirectory(directory);
    },
  };
}

function seal(key: Uint8Array, plain: Uint8Array, context: string): Buffer {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, iv).setAAD(Buffer.from(context));
  return Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** Undefined when it was not sealed with this key and in this context. */
function unseal(key: Uint8Array, bytes: Uint8Array, context: string): Buffer | undefined {
  if (bytes.length < IV_BYTES + TAG_BYTES) return undefined;
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, IV_BYTES))
    .setAAD(Buffer.from(context))
    .setAuthTag(bytes.subarray(-TAG_BYTES));
  const plain = decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES));
  try {
    return Buffer.concat([plain, decipher.final()]);
  } catch {
    // The one thing that `final` throws for is that the tag does not fit.
    return undefined;
  }
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw cause;
  }
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, "w", 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A rename is durable once its directory is. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
