/**
 * The secrets that this node knows, and their replacement in everything it is about to keep or to tell others.
 *
 * They are known by value: each byte that belongs to any form of any of them is taken out, and a run of such bytes leaves
 * one mark. This is a function of the whole stream and not of the pieces it comes in. It protects from accidents; a program
 * that wants to give a secret away can spell it in a way that nobody looks for.
 */
import { type ByteAutomaton, createByteAutomaton } from "./byte-automaton.ts";
import { formsOf } from "./secret-forms.ts";

/** Not longer than the shortest secret, so that no text grows past its limit. */
export const SECRET_MARK = "[secret]";

export interface Secrets {
  /** From now on these values are looked for, also in streams that are under way. */
  add(values: Iterable<string>): void;
  /** The text without them; the very same text when there are none. */
  text(text: string): string;
  /** For output that comes in pieces: `emit` gets what is safe to keep as soon as it is. */
  stream(emit: (bytes: Uint8Array) => void): SecretStream;
}

export interface SecretStream {
  write(chunk: Uint8Array): void;
  /** Nothing more comes: what was held back as the possible beginning of a secret is none. */
  end(): void;
}

/** More values than any node has; what comes after them is not looked for. */
const VALUES_MAX = 1_000;

export function createSecrets(): Secrets {
  const values = new Set<string>();
  const words = new Map<string, Uint8Array>();
  let automaton: ByteAutomaton | undefined;
  const current = (): ByteAutomaton => (automaton ??= createByteAutomaton([...words.values()]));
  const stream = (emit: (bytes: Uint8Array) => void): SecretStream => createStream(current, emit);
  return {
    add: (given) => {
      for (const value of given) {
        if (values.has(value) || values.size >= VALUES_MAX) continue;
        values.add(value);
        for (const form of formsOf(value)) words.set(Buffer.from(form).toString("latin1"), form);
        automaton = undefined;
      }
    },
    text: (text) => {
      if (words.size === 0) return text;
      const given = new TextEncoder().encode(text);
      const kept: Uint8Array[] = [];
      const one = stream((bytes) => kept.push(bytes));
      one.write(given);
      one.end();
      const bytes = Buffer.concat(kept);
      return bytes.equals(given) ? text : bytes.toString("utf8");
    },
    stream,
  };
}

interface Span {
  from: number;
  /** Exclusive. */
  to: number;
}

function createStream(current: () => ByteAutomaton, emit: (bytes: Uint8Array) => void): SecretStream {
  let automaton = current();
  let state = 0;
  /** What may still become part of a secret, and the parts of it that already are; never more than the longest form. */
  let held: Uint8Array = new Uint8Array();
  let spans: Span[] = [];
  /** The last byte that was passed on was taken out: the mark for what goes on with it is there already. */
  let isMarked = false;

  const pass = (bytes: Uint8Array, upTo: number): void => {
    const parts: Uint8Array[] = [];
    let at = 0;
    for (const span of spans) {
      if (span.from >= upTo) break;
      if (span.from > at) parts.push(bytes.subarray(at, span.from));
      if (span.from > at || !isMarked) parts.push(MARK);
      at = Math.min(span.to, upTo);
      isMarked = at === upTo;
    }
    if (at < upTo) {
      parts.push(bytes.subarray(at, upTo));
      isMarked = false;
    }
    if (parts.length > 0) emit(parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts));
  };
  const read = (bytes: Uint8Array, from: number): void => {
    for (let at = from; at < bytes.length; at++) {
      state = automaton.next(state, bytes[at] ?? 0);
      const length = automaton.matched(state);
      if (length > 0) cover(spans, { from: at + 1 - length, to: at + 1 });
    }
  };
  const renew = (): void => {
    automaton = current();
    state = 0;
    const known = spans;
    spans = [];
    read(held, 0);
    const all = [...known, ...spans].toSorted((a, b) => a.to - b.to);
    spans = [];
    for (const span of all) cover(spans, span);
  };
  return {
    write: (chunk) => {
      if (automaton !== current()) renew();
      const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      read(bytes, held.length);
      const safe = bytes.length - automaton.depth(state);
      pass(bytes, safe);
      held = bytes.slice(safe);
      spans = spans
        .filter(({ to }) => to > safe)
        .map(({ from, to }) => ({ from: Math.max(0, from - safe), to: to - safe }));
    },
    end: () => {
      pass(held, held.length);
      held = new Uint8Array();
      spans = [];
      state = 0;
      isMarked = false;
    },
  };
}

const MARK = new TextEncoder().encode(SECRET_MARK);

/** Adds a span that ends where the last one does or behind it; spans that touch become one. */
function cover(spans: Span[], added: Span): void {
  let { from } = added;
  for (let last = spans.at(-1); last !== undefined && last.to >= from; last = spans.at(-1)) {
    from = Math.min(from, last.from);
    spans.pop();
  }
  spans.push({ from, to: added.to });
}
