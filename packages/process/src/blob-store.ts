/**
 * The `Blobs` port on files: contents named by their SHA-256, packed with gzip, in `<directory>/<two digits>/<digest>.gz`.
 *
 * A file gets its name only when all of it is there and has been checked, so one that is there is whole. What comes from
 * another node is not believed: it is unpacked, and has to be what its name says; no more of it is unpacked than was
 * announced. Reading a content checks it again, since disks forget.
 */
import { createHash, randomUUID } from "node:crypto";
import {
  appendFileSync,
  closeSync,
  createReadStream,
  createWriteStream,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";

import { err, ok, type Result } from "@skein/core";
import type { Blobs, StoredBlob } from "@skein/node";
import { readPiece } from "./read-piece.ts";

const NAME = /^([0-9a-f]{64})\.gz$/;

export function createBlobStore(directory: string): Blobs {
  const incoming = join(directory, "incoming");
  // What an earlier life did not end.
  rmSync(incoming, { recursive: true, force: true });
  mkdirSync(incoming, { recursive: true, mode: 0o700 });
  const stored = new Map(listBlobs(directory).map((one) => [one.digest, one]));
  const pathOf = (digest: string): string => join(directory, digest.slice(0, 2), `${digest}.gz`);
  const fresh = (): string => join(incoming, randomUUID());
  const publish = (from: string, digest: string): void => {
    mkdirSync(join(directory, digest.slice(0, 2)), { recursive: true, mode: 0o700 });
    syncFile(from);
    renameSync(from, pathOf(digest));
    const { size, mtimeMs } = statSync(pathOf(digest));
    stored.set(digest, { digest, packedBytes: size, storedAtMs: mtimeMs });
  };

  return {
    keep: (source, maxBytes) =>
      attempt(async () => {
        const path = fresh();
        try {
          const measure = createMeasure(maxBytes);
          await pipeline(source, measure.stream, createGzip(), createWriteStream(path, { mode: 0o600 }));
          const { digest, size } = measure.result();
          if (!stored.has(digest)) publish(path, digest);
          return ok({ digest, size });
        } finally {
          rmSync(path, { force: true });
        }
      }),
    has: (digest) => stored.has(digest),
    readPacked: (digest, offset, maxBytes) => {
      if (!stored.has(digest)) return undefined;
      try {
        return readPiece(pathOf(digest), offset, maxBytes);
      } catch {
        // It is not here, or not any more.
        return undefined;
      }
    },
    receive: (digest, size) => {
      const path = fresh();
      const announced = size;
      return {
        write: (packed) => appendFileSync(path, packed, { mode: 0o600 }),
        finish: () =>
          attempt(async () => {
            try {
              const measure = createMeasure(announced);
              await pipeline(createReadStream(path), createGunzip(), measure.stream.resume());
              const found = measure.result();
              if (found.digest !== digest || found.size !== announced) return err("it is not what its digest says");
              publish(path, digest);
              return ok(undefined);
            } finally {
              rmSync(path, { force: true });
            }
          }),
        abandon: () => rmSync(path, { force: true }),
      };
    },
    content: (digest, maxBytes) =>
      attempt(async () => {
        if (!stored.has(digest)) return ok(undefined);
        const parts: Buffer[] = [];
        const measure = createMeasure(maxBytes);
        measure.stream.on("data", (part: Buffer) => parts.push(part));
        await pipeline(createReadStream(pathOf(digest)), createGunzip(), measure.stream);
        return measure.result().digest === digest
          ? ok(Buffer.concat(parts))
          : err("what is on the disk is not what its digest says any more");
      }),
    list: () => [...stored.values()],
    remove: (digest) => {
      if (!stored.delete(digest)) return;
      rmSync(pathOf(digest), { force: true });
    },
  };
}

/** What the disk, or a broken packing, says is an answer in one sentence. */
async function attempt<T>(act: () => Promise<Result<T, string>>): Promise<Result<T, string>> {
  try {
    return await act();
  } catch (cause) {
    return err(cause instanceof Error ? cause.message : String(cause));
  }
}

interface Measure {
  readonly stream: Transform;
  readonly result: () => { readonly digest: string; readonly size: number };
}

/** Passes bytes on, knows their digest at the end, and fails when there are more than they may be. */
function createMeasure(maxBytes: number): Measure {
  const hash = createHash("sha256");
  let size = 0;
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      hash.update(chunk);
      if (size > maxBytes) done(new Error(`it has more than ${maxBytes} bytes`));
      else done(null, chunk);
    },
  });
  return { stream, result: () => ({ digest: hash.digest("hex"), size }) };
}

function syncFile(path: string): void {
  const file = openSync(path, "r+");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function listBlobs(directory: string): readonly StoredBlob[] {
  const names = readdirSync(directory, { recursive: true, encoding: "utf8" });
  return names.flatMap((name) => {
    const digest = NAME.exec(name.split("/").at(-1) ?? "")?.[1];
    if (digest === undefined) return [];
    const { size, mtimeMs } = statSync(join(directory, name));
    return [{ digest, packedBytes: size, storedAtMs: mtimeMs }];
  });
}
