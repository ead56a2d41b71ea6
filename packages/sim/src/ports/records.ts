/**
 * What is in a record of a log or of a message: one frame, or a pack of several. Checkers look at frames, however they came.
 */
import { type Crypto, type Frame, framesOf, isPack, openFrame } from "@skein/core";

const SIGNATURE_BYTES = 64;

/** A frame ends with its signature, which no other frame has. */
export const frameKey = (bytes: Uint8Array): string => latin1(bytes.subarray(bytes.length - SIGNATURE_BYTES));

/** Of every frame in it that carries its signature; later frames of the record stand for those that do not. */
export function frameKeys(record: Uint8Array, crypto: Crypto): readonly string[] {
  if (!isPack(record)) return [frameKey(record)];
  const opened = framesOf(record, crypto);
  return opened.ok ? opened.value.flatMap(({ signature }) => (signature === null ? [] : [latin1(signature)])) : [];
}

/** Nothing of what cannot be read. */
export function headersIn(record: Uint8Array, crypto: Crypto): readonly Frame["header"][] {
  if (isPack(record)) {
    const opened = framesOf(record, crypto);
    return opened.ok ? opened.value.map(({ header }) => header) : [];
  }
  const opened = openFrame(record, crypto);
  return opened.ok ? [opened.value.header] : [];
}

const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
