/** The columns of a pack (pack.ts): small numbers, and the tables of what they refer to. */
import { toHex } from "../kernel/bytes.ts";
import { createWriter, putByte, putBytes, type Writer, written } from "./canonical-writer.ts";

/** Collects what the frames of a pack have in common while their numbers are written. */
export interface Columns {
  number(value: number): void;
  feed(author: Uint8Array, incarnation: Uint8Array): void;
  word(text: string): void;
  /** An id that is not in the pack, or null. */
  outside(id: Uint8Array | null): void;
  /** An op, in the pack or not, or null. */
  op(id: Uint8Array | null): void;
  times(lamport: number, wall: number): void;
  /** The op just written has this id (hex). */
  named(id: string): void;
  finish(frames: number): {
    readonly feeds: readonly (readonly [Uint8Array, Uint8Array])[];
    readonly outside: Uint8Array;
    readonly words: readonly string[];
    readonly bytes: Uint8Array;
  };
}

export function createColumns(): Columns {
  const numbers = createWriter();
  const feeds: (readonly [Uint8Array, Uint8Array])[] = [];
  const words: string[] = [];
  const outside = createWriter();
  const feedPlaces = new Map<string, number>();
  const wordPlaces = new Map<string, number>();
  const outsidePlaces = new Map<string, number>();
  const opPlaces = new Map<string, number>();
  let lastLamport = 0;
  let lastWall = 0;

  const number = (value: number): void => putNumber(numbers, value);
  const placeIn = (places: Map<string, number>, key: string, add: () => void): number => {
    const known = places.get(key);
    if (known !== undefined) return known;
    const place = places.size;
    places.set(key, place);
    add();
    return place;
  };
  const outsideId = (id: Uint8Array, hex: string): void =>
    number(2 * placeIn(outsidePlaces, hex, () => putBytes(outside, id)) + 2);

  return {
    number,
    feed: (author, incarnation) =>
      number(placeIn(feedPlaces, `${toHex(author)}${toHex(incarnation)}`, () => feeds.push([author, incarnation]))),
    word: (text) => number(placeIn(wordPlaces, text, () => words.push(text))),
    outside: (id) => (id === null ? number(0) : outsideId(id, toHex(id))),
    op: (id) => {
      if (id === null) return number(0);
      const hex = toHex(id);
      const place = opPlaces.get(hex);
      return place === undefined ? outsideId(id, hex) : number(2 * (opPlaces.size - place) - 1);
    },
    times: (lamport, wall) => {
      number(signed(lamport - lastLamport));
      number(signed(wall - lastWall));
      lastLamport = lamport;
      lastWall = wall;
    },
    named: (id) => opPlaces.set(id, opPlaces.size),
    finish: (frames) => {
      const bytes = createWriter();
      putNumber(bytes, frames);
      putBytes(bytes, written(numbers));
      return { feeds, outside: written(outside), words, bytes: written(bytes) };
    },
  };
}

const signed = (value: number): number => (value >= 0 ? value * 2 : -value * 2 - 1);

/** LEB128: seven bits a byte, the least first. Beyond 32 bits, so without bit operators. */
function putNumber(writer: Writer, value: number): void {
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) putByte(writer, (rest % 0x80) + 0x80);
  putByte(writer, rest);
}

/** Numbers in their order. `refuse` throws. */
export function readColumns(
  bytes: Uint8Array,
  refuse: (what: string) => never,
): { readonly number: () => number; readonly isAtEnd: () => boolean } {
  let at = 0;
  return {
    isAtEnd: () => at === bytes.length,
    number: () => {
      let value = 0;
      for (let scale = 1; ; scale *= 0x80) {
        const byte = bytes[at++];
        if (byte === undefined) return refuse("columns are cut off");
        value += (byte & 0x7f) * scale;
        if (!Number.isSafeInteger(value)) return refuse("a number is too great");
        if (byte < 0x80) return byte === 0 && scale > 1 ? refuse("a number is not in its shortest form") : value;
      }
    },
  };
}
