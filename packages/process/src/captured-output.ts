/**
 * The output of one run while it is read: counted, digested, handed on, and cut at the limit.
 *
 * What is digested is exactly what is handed on, so the digest in the evidence is the digest of the log a person can read.
 */
import { createHash } from "node:crypto";

export interface CapturedOutput {
  /** `to` instead of the receiver gets what is kept of this chunk. */
  take(chunk: Uint8Array, to?: (piece: Uint8Array) => void): void;
  /** More arrived than the limit allows; the rest is dropped. */
  overflowed(): boolean;
  /** What the receiver threw, if it did: a bug of the caller, raised again when the process tree is gone. */
  failure(): { readonly cause: unknown } | undefined;
  /** The last of what was taken, for people. */
  tail(): string;
  /** Final: nothing is taken afterwards. */
  finish(): { readonly outputBytes: number; readonly outputDigest: string };
}

const TAIL_BYTES = 512;

export function createCapturedOutput(limitBytes: number, receive: (chunk: Uint8Array) => void): CapturedOutput {
  const hash = createHash("sha256");
  let taken = 0;
  let overflowed = false;
  let finished = false;
  let failure: { readonly cause: unknown } | undefined;
  let tail: Uint8Array = new Uint8Array(0);

  const keep = (piece: Uint8Array, to: (piece: Uint8Array) => void): void => {
    taken += piece.byteLength;
    hash.update(piece);
    tail =
      piece.byteLength < TAIL_BYTES ? Buffer.concat([tail, piece]).subarray(-TAIL_BYTES) : piece.slice(-TAIL_BYTES);
    try {
      to(piece);
    } catch (cause) {
      failure = { cause };
    }
  };

  return {
    take: (chunk, to = receive) => {
      if (finished || overflowed || failure !== undefined) return;
      const room = limitBytes - taken;
      overflowed = chunk.byteLength > room;
      const piece = overflowed ? chunk.subarray(0, room) : chunk;
      if (piece.byteLength > 0) keep(piece, to);
    },
    overflowed: () => overflowed,
    failure: () => failure,
    tail: () => new TextDecoder().decode(tail),
    finish: () => {
      finished = true;
      return { outputBytes: taken, outputDigest: hash.digest("hex") };
    },
  };
}
