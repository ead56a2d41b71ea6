/**
 * Writes the bytes of `encode` for the two fixed shapes that a pack (pack.ts) has to make again by the thousand: an op up
 * to its body, and a frame's header. The tests hold it against `encode`.
 */
import { assert } from "../kernel/result.ts";
import type { FrameHeader } from "./frame.ts";
import type { Op } from "./op.ts";

/** Where the next byte goes. The buffer grows and is used again, so what is written is copied out by whoever keeps it. */
export interface Writer {
  bytes: Uint8Array;
  length: number;
}

export const createWriter = (): Writer => ({ bytes: new Uint8Array(1_024), length: 0 });

export const written = (writer: Writer): Uint8Array => writer.bytes.subarray(0, writer.length);

function reserve(writer: Writer, count: number): void {
  if (writer.length + count <= writer.bytes.length) return;
  const grown = new Uint8Array(Math.max(writer.bytes.length * 2, writer.length + count));
  grown.set(written(writer));
  writer.bytes = grown;
}

export function putByte(writer: Writer, byte: number): void {
  reserve(writer, 1);
  writer.bytes[writer.length++] = byte;
}

export function putBytes(writer: Writer, bytes: Uint8Array): void {
  reserve(writer, bytes.length);
  const { bytes: into, length } = writer;
  // For a hash or a key a loop is faster than the call of `set`.
  if (bytes.length > 64) into.set(bytes, length);
  else for (let index = 0; index < bytes.length; index++) into[length + index] = bytes[index] ?? 0;
  writer.length = length + bytes.length;
}

function putUint(writer: Writer, value: number, width: 1 | 2 | 4): void {
  for (let shift = (width - 1) * 8; shift >= 0; shift -= 8) putByte(writer, (value >>> shift) & 0xff);
}

const float = new DataView(new ArrayBuffer(8));
const floatBytes = new Uint8Array(float.buffer);

function putInteger(writer: Writer, value: number): void {
  if (value <= 0x7f) return putByte(writer, value);
  if (value <= 0xff) return putTagged(writer, 0xcc, value, 1);
  if (value <= 0xffff) return putTagged(writer, 0xcd, value, 2);
  if (value <= 0xffff_ffff) return putTagged(writer, 0xce, value, 4);
  float.setFloat64(0, value);
  putByte(writer, 0xcb);
  return putBytes(writer, floatBytes);
}

function putTagged(writer: Writer, tag: number, value: number, width: 1 | 2 | 4): void {
  putByte(writer, tag);
  putUint(writer, value, width);
}

/** A hash, key or incarnation: never longer than 255 bytes. */
function putBinary(writer: Writer, bytes: Uint8Array | null): void {
  if (bytes === null) return putByte(writer, 0xc0);
  assert(bytes.length <= 0xff, "the fixed fields are short");
  putTagged(writer, 0xc4, bytes.length, 1);
  return putBytes(writer, bytes);
}

const encoder = new TextEncoder();
const encoded = new Map<string, Uint8Array>();

/** Entities and kinds come in great numbers of equal ones. */
function utf8Of(text: string): Uint8Array {
  const known = encoded.get(text);
  if (known !== undefined) return known;
  if (encoded.size >= 4_096) encoded.clear();
  const bytes = encoder.encode(text);
  encoded.set(text, bytes);
  return bytes;
}

function putText(writer: Writer, text: string): void {
  const bytes = utf8Of(text);
  if (bytes.length <= 31) putByte(writer, 0xa0 | bytes.length);
  else if (bytes.length <= 0xff) putTagged(writer, 0xd9, bytes.length, 1);
  else putTagged(writer, 0xda, bytes.length, 2);
  putBytes(writer, bytes);
}

/** An op's bytes up to its body, which is the last field. */
export function putOpHead(writer: Writer, op: Omit<Op, "body">): void {
  putByte(writer, 0x9d);
  putInteger(writer, 1);
  putBinary(writer, op.mesh);
  putBinary(writer, op.author);
  putBinary(writer, op.incarnation);
  putInteger(writer, op.seq);
  putBinary(writer, op.prev);
  putInteger(writer, op.lamport);
  putInteger(writer, op.wall);
  putText(writer, op.entity);
  putText(writer, op.kind);
  putBinary(writer, op.on);
  putBinary(writer, op.after);
}

export function putFrameHeader(writer: Writer, header: FrameHeader): void {
  const { opIds } = header;
  putByte(writer, 0x97);
  putText(writer, "skein/frame/1");
  putBinary(writer, header.mesh);
  putBinary(writer, header.author);
  putBinary(writer, header.incarnation);
  putInteger(writer, header.firstSeq);
  putBinary(writer, header.prevFrame);
  if (opIds.length <= 15) putByte(writer, 0x90 | opIds.length);
  else putTagged(writer, 0xdc, opIds.length, 2);
  for (const id of opIds) putBinary(writer, id);
}
