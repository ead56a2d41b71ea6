/**
 * The messages of the protocol over a child's standard input and output: one JSON object in each line.
 *
 *     stdout ─► lines (bounded) ─► JSON-RPC 2.0 ─┬─ session/update ─► onUpdate, in order
 *                                                └─ the rest ───────► the SDK's stream
 *     stdin  ◄─ lines ◄─────────────────────────────────────────────── the SDK's stream
 *
 * Whatever is no message is a breach, and so is a line without end, a flood, and an agent that does not read: the first
 * breach ends the conversation. The SDK's own stream would answer garbage and go on, and buffer without a bound.
 */
import type { AnyMessage, Stream } from "@agentclientprotocol/sdk";
import type { Clock, TalkLine } from "@skein/node";

import { harmlessLine } from "./harmless.ts";

export interface WireOptions {
  readonly clock: Clock;
  /** What the agent reports while it works: the parameters of `session/update`. */
  readonly onUpdate: (params: unknown) => void;
  /** One clause that follows "The agent"; called once. */
  readonly onBreach: (words: string) => void;
}

export interface Wire {
  readonly stream: Stream;
  begin(line: TalkLine): void;
  readonly hear: (chunk: Uint8Array) => void;
  /** Nothing more is heard: what was heard is still delivered. */
  finish(): void;
}

/** A message may hold a whole file. */
export const LINE_BYTES = 8 * 1024 * 1024;
/** A replayed conversation comes in one go; after that nobody thinks so fast. */
export const BURST_MESSAGES = 20_000;
export const MESSAGES_PER_SECOND = 1_000;
/** Requests of the agent that wait for their answer. */
export const OPEN_REQUESTS = 64;

const NEWLINE = 0x0a;

export function createWire(options: WireOptions): Wire {
  const queue = createQueue();
  const asked = new Set<string | number | null>();
  const open = new Set<string | number | null>();
  const lines = createLines((bytes) => take(bytes));
  const mayCome = createRate(options.clock);
  let line: TalkLine | undefined;
  let isOver = false;

  const breach = (words: string): void => {
    if (isOver) return;
    isOver = true;
    queue.close();
    options.onBreach(words);
  };

  const take = (bytes: Uint8Array): void => {
    if (isOver) return;
    if (!mayCome()) return breach(`sent more than ${MESSAGES_PER_SECOND} messages a second`);
    const read = readMessage(bytes);
    if (read.type === "nothing") return;
    if (read.type === "garbage") return breach(`wrote what is no message of its protocol: ${read.shown}`);
    const { message } = read;
    if ("method" in message && !("id" in message) && message.method === "session/update") {
      return options.onUpdate(message.params);
    }
    if (!("method" in message)) {
      // An answer to nothing; the SDK would complain about it on the node's own standard error.
      if ("id" in message && asked.delete(message.id)) queue.add(message);
      return;
    }
    if ("id" in message) {
      if (open.size >= OPEN_REQUESTS) return breach(`asked for more than ${OPEN_REQUESTS} things at once`);
      open.add(message.id);
    }
    queue.add(message);
  };

  const write = (message: AnyMessage): void => {
    if ("id" in message) {
      if ("method" in message) asked.add(message.id);
      else open.delete(message.id);
    }
    const sent = line?.write(new TextEncoder().encode(`${JSON.stringify(message)}\n`));
    if (sent === "full") breach("does not read what it is sent");
  };

  return {
    stream: { readable: queue.readable, writable: new WritableStream<AnyMessage>({ write }) },
    begin: (given) => {
      line = given;
    },
    hear: (chunk) => {
      if (isOver) return;
      if (!lines.push(chunk)) breach(`wrote a line of more than ${LINE_BYTES / 1024 / 1024} MiB`);
    },
    finish: () => {
      isOver = true;
      queue.close();
    },
  };
}

// ── lines ───────────────────────────────────────────────────────────────────────────────────────────────────────────

interface Lines {
  /** False when a line is too long; nothing more may be pushed then. */
  push(chunk: Uint8Array): boolean;
}

function createLines(onLine: (bytes: Uint8Array) => void): Lines {
  let pieces: Uint8Array[] = [];
  let length = 0;
  return {
    push: (chunk) => {
      let from = 0;
      for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
        const rest = chunk.subarray(from, at);
        if (length + rest.length > LINE_BYTES) return false;
        const whole = pieces.length === 0 ? rest : Buffer.concat([...pieces, rest]);
        pieces = [];
        length = 0;
        from = at + 1;
        onLine(whole);
      }
      const tail = chunk.subarray(from);
      length += tail.length;
      if (length > LINE_BYTES) return false;
      if (tail.length > 0) pieces.push(tail);
      return true;
    },
  };
}

// ── messages ────────────────────────────────────────────────────────────────────────────────────────────────────────

type Read =
  | { readonly type: "message"; readonly message: AnyMessage }
  | { readonly type: "garbage"; readonly shown: string }
  | { readonly type: "nothing" };

const SHOWN = 120;

function readMessage(bytes: Uint8Array): Read {
  const garbage = (): Read => ({
    type: "garbage",
    shown: harmlessLine(new TextDecoder().decode(bytes.subarray(0, SHOWN * 4)), SHOWN),
  });
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    if (text.trim() === "") return { type: "nothing" };
    const value: unknown = JSON.parse(text);
    return isMessage(value) ? { type: "message", message: value } : garbage();
  } catch {
    // Neither kind of failure says more than that these bytes are no message.
    return garbage();
  }
}

/** Strict, so that nothing of an odd shape reaches the SDK, which would send it back. */
function isMessage(value: unknown): value is AnyMessage {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  if (!("jsonrpc" in value) || value.jsonrpc !== "2.0") return false;
  if ("id" in value && typeof value.id !== "string" && typeof value.id !== "number" && value.id !== null) return false;
  if ("method" in value) return typeof value.method === "string";
  if (!("id" in value) || "result" in value === "error" in value) return false;
  return !("error" in value) || isError(value.error);
}

const isError = (value: unknown): boolean =>
  typeof value === "object" &&
  value !== null &&
  "code" in value &&
  Number.isInteger(value.code) &&
  "message" in value &&
  typeof value.message === "string";

// ── queue and rate ──────────────────────────────────────────────────────────────────────────────────────────────────

interface Queue {
  readonly readable: ReadableStream<AnyMessage>;
  add(message: AnyMessage): void;
  close(): void;
}

/** What waits in it is what one chunk held: the SDK takes everything before the next one is read. */
function createQueue(): Queue {
  let controller: ReadableStreamDefaultController<AnyMessage> | undefined;
  const readable = new ReadableStream<AnyMessage>({
    start: (given) => {
      controller = given;
    },
    cancel: () => {
      controller = undefined;
    },
  });
  return {
    readable,
    add: (message) => controller?.enqueue(message),
    close: () => {
      controller?.close();
      controller = undefined;
    },
  };
}

/** A bucket of messages that fills up again with time. */
function createRate(clock: Clock): () => boolean {
  let left = BURST_MESSAGES;
  let at = clock.monoMs();
  return () => {
    const now = clock.monoMs();
    left = Math.min(BURST_MESSAGES, left + ((now - at) * MESSAGES_PER_SECOND) / 1_000);
    at = now;
    if (left < 1) return false;
    left -= 1;
    return true;
  };
}
