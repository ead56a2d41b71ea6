/**
 * The file of a backup:
 *
 *     skein-backup 1            the format's version
 *     {"madeAt": …, "parts": [{"name", "bytes", "sha256"}, …]}      the manifest, one line of JSON
 *     the parts' bytes, one behind the other
 *     32 bytes: the SHA-256 of everything before them
 *
 * It appears under its name whole and durable, or not at all. Whoever reads one checks every length and hash before it
 * believes anything.
 */
import { createHash, type Hash, randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, readSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { dirname } from "node:path";

import { Failure, reasonOf } from "../failure.ts";
import { syncDirectory } from "../whole-file.ts";
import { FORMAT_VERSION, type Manifest, type Part, parseManifest } from "./manifest.ts";

const MAGIC = "skein-backup ";
const TRAILER_BYTES = 32;
/** A line for each feed, of which there are as many as nodes and their incarnations. */
const MANIFEST_BYTES = 16 * 1024 * 1024;
const CHUNK_BYTES = 1024 * 1024;

/** Bytes in memory, or a file that holds them. */
export type Source = Uint8Array | string;

function* bytesOf(source: Source): IterableIterator<Uint8Array> {
  if (typeof source !== "string") {
    yield source;
    return;
  }
  const from = openSync(source, "r");
  try {
    const buffer = Buffer.alloc(CHUNK_BYTES);
    for (let read = readSync(from, buffer); read > 0; read = readSync(from, buffer)) yield buffer.subarray(0, read);
  } finally {
    closeSync(from);
  }
}

export function measure(source: Source): Pick<Part, "bytes" | "sha256"> {
  const hash = createHash("sha256");
  let bytes = 0;
  for (const chunk of bytesOf(source)) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest("hex") };
}

// ── writing ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** With `force` an older file of this name is replaced, by one rename. */
export function writeContainer(
  file: string,
  manifest: Manifest,
  sources: readonly Source[],
  options: { readonly force: boolean },
): void {
  const partial = `${file}.${randomBytes(6).toString("hex")}.partial`;
  try {
    writePartial(partial, manifest, sources);
    // Takes the name, or fails when somebody else has it by now.
    if (!options.force) closeSync(openSync(file, "wx", 0o600));
    renameSync(partial, file);
    syncDirectory(dirname(file));
  } catch (cause) {
    rmSync(partial, { force: true });
    throw new Failure(`The backup ${file} cannot be written: ${reasonOf(cause)}.`);
  }
}

function writePartial(partial: string, manifest: Manifest, sources: readonly Source[]): void {
  const to = openSync(partial, "wx", 0o600);
  try {
    const hash = createHash("sha256");
    const write = (bytes: Uint8Array): void => {
      hash.update(bytes);
      writeAll(to, bytes);
    };
    write(Buffer.from(`${MAGIC}${FORMAT_VERSION}\n${JSON.stringify(manifest)}\n`));
    for (const source of sources) for (const chunk of bytesOf(source)) write(chunk);
    writeAll(to, hash.digest());
    fsyncSync(to);
  } finally {
    closeSync(to);
  }
}

export function writeAll(to: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(to, bytes, at);
}

// ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface Container {
  readonly manifest: Manifest;
  /** Gives each part's bytes to `take` in their order; throws a Failure when anything is not as it was written. */
  read(take: (part: Part, chunk: Uint8Array) => void): void;
  close(): void;
}

export function openContainer(file: string): Container {
  const from = openFile(file);
  try {
    const hash = createHash("sha256");
    const { manifest, start } = readHead(from, file, hash);
    const expected = start + manifest.parts.reduce((sum, { bytes }) => sum + bytes, 0) + TRAILER_BYTES;
    if (from.size !== expected) {
      const how = from.size < expected ? "was cut off" : "is longer than it says";
      throw damaged(file, `it ${how}: ${from.size} bytes instead of ${expected}`);
    }
    return {
      manifest,
      read: (take) => readParts(from, file, { manifest, start, hash }, take),
      close: () => closeSync(from.fd),
    };
  } catch (cause) {
    closeSync(from.fd);
    throw cause;
  }
}

interface OpenFile {
  readonly fd: number;
  readonly size: number;
}

function openFile(file: string): OpenFile {
  try {
    if (!statSync(file).isFile()) throw new Failure(`${file} is not a file.`);
    const fd = openSync(file, "r");
    return { fd, size: statSync(file).size };
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    throw new Failure(`The backup ${file} cannot be read: ${reasonOf(cause)}.`);
  }
}

const damaged = (file: string, how: string): Failure =>
  new Failure(`The backup ${file} is damaged: ${how}. Nothing was restored; use another backup.`);

function readHead(from: OpenFile, file: string, hash: Hash): { readonly manifest: Manifest; readonly start: number } {
  const first = readLine(from, 0, 64);
  const version = first?.startsWith(MAGIC) === true ? Number(first.slice(MAGIC.length)) : Number.NaN;
  if (first === undefined || !Number.isSafeInteger(version)) {
    throw new Failure(`${file} is not a backup of Skein, or its first bytes are damaged. Nothing was restored.`);
  }
  if (version !== FORMAT_VERSION) {
    throw new Failure(
      `${file} was made by a newer Skein (its format is version ${version}). Upgrade Skein on this machine. Nothing was restored.`,
    );
  }
  const line = readLine(from, Buffer.byteLength(first) + 1, MANIFEST_BYTES);
  if (line === undefined) throw damaged(file, "its manifest has no end");
  const manifest = parseManifest(line);
  if (!manifest.ok) throw damaged(file, manifest.error);
  const head = Buffer.from(`${first}\n${line}\n`);
  hash.update(head);
  return { manifest: manifest.value, start: head.length };
}

/** The text up to the next line feed; undefined when there is none within `max` bytes. */
function readLine({ fd }: OpenFile, start: number, max: number): string | undefined {
  const pieces: Buffer[] = [];
  for (let at = start; at < start + max;) {
    const buffer = Buffer.alloc(Math.min(CHUNK_BYTES, start + max - at));
    const read = readSync(fd, buffer, 0, buffer.length, at);
    const end = buffer.subarray(0, read).indexOf(0x0a);
    pieces.push(buffer.subarray(0, end < 0 ? read : end));
    if (end >= 0) return Buffer.concat(pieces).toString("utf8");
    if (read === 0) return undefined;
    at += read;
  }
  return undefined;
}

function readParts(
  { fd }: OpenFile,
  file: string,
  { manifest, start, hash }: { readonly manifest: Manifest; readonly start: number; readonly hash: Hash },
  take: (part: Part, chunk: Uint8Array) => void,
): void {
  let at = start;
  for (const part of manifest.parts) {
    const ofPart = createHash("sha256");
    for (let left = part.bytes; left > 0;) {
      const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, left));
      const read = readSync(fd, chunk, 0, chunk.length, at);
      if (read === 0) throw damaged(file, "it was cut off while it was read");
      const bytes = chunk.subarray(0, read);
      hash.update(bytes);
      ofPart.update(bytes);
      take(part, bytes);
      at += read;
      left -= read;
    }
    if (ofPart.digest("hex") !== part.sha256) throw damaged(file, `${part.name} in it does not have its hash`);
  }
  const trailer = Buffer.alloc(TRAILER_BYTES);
  readSync(fd, trailer, 0, TRAILER_BYTES, at);
  if (!trailer.equals(hash.digest())) throw damaged(file, "it does not have its hash");
}
