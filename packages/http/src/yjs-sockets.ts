/**
 * Serves rooms to any number of clients over the y-websocket protocol.
 *
 * The board is one that nobody can write: of a client's bytes only a state vector is ever decoded. What a client of another
 * room sends is judged by the room. A client that breaks the protocol, floods, stops reading or falls silent loses its own
 * socket and nothing else happens.
 */
import { performance } from "node:perf_hooks";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocket, WebSocketServer, type RawData } from "ws";
import * as Y from "yjs";
import { YJS_LIMITS, type YjsLimits } from "./limits.ts";
import { createWholeState, type WholeState } from "./whole-state.ts";
import { encodeKeepAlive, encodeUpdate, readClientMessage } from "./yjs-message.ts";

interface YjsCounts {
  readonly open: number;
  /** Sockets cut, by reason, since the start. */
  readonly malformed: number;
  readonly slow: number;
  readonly idle: number;
  readonly flooding: number;
}

export interface YjsSockets {
  readonly counts: () => YjsCounts;
  readonly isFull: () => boolean;
  /** Takes over a request that was already authorized. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer, guest?: Guest): void;
  /** Asks of every client now whether it is still welcome. */
  recheck(): void;
  close(): void;
}

/** What a room may do with a client's socket. */
export interface Seat {
  send(message: Uint8Array): void;
  end(code: number, reason: string): void;
}

/** What a room makes of what a client sends. */
export interface Visit {
  /** The messages that bring a client with this state up to date, the answer proper last; undefined when it is no state vector. */
  answer(stateVector: Uint8Array): readonly Uint8Array[] | undefined;
  update(update: Uint8Array): void;
  /** False when it is none. */
  awareness(update: Uint8Array): boolean;
  leave(): void;
}

export type Enter = (seat: Seat) => Visit;

/** Who comes with a socket. */
interface Guest {
  /** Asked from time to time whether it still may; always when left out. */
  readonly isWelcome?: () => boolean;
  /** The room that it enters; the board when left out. */
  readonly enter?: Enter | undefined;
}

interface Reader {
  readonly socket: WebSocket;
  readonly isWelcome: () => boolean;
  visit: Visit | undefined;
  /** It has been told the whole state once, so single updates make sense to it. */
  started: boolean;
  /** Bytes of an answer still on their way. They do not count as lagging: a large board may be larger than the limit. */
  answerBytes: number;
  /** Since the window began. */
  answers: number;
  messages: number;
  bytes: number;
  windowStartMs: number;
  heardSincePing: boolean;
}

interface Server {
  readonly doc: Y.Doc;
  readonly limits: YjsLimits;
  readonly readers: Set<Reader>;
  readonly cut: { malformed: number; slow: number; idle: number; flooding: number };
}

const YJS_PROTOCOL = "skein";

/** What a socket says of this kind among the protocols that it offers, as `skein.bearer.…`; undefined for nothing. */
export function protocolWord(header: string | undefined, kind: "bearer" | "page"): string | undefined {
  const offered = (header ?? "").split(",").map((one) => one.trim());
  const prefix = `${YJS_PROTOCOL}.${kind}.`;
  return offered.find((one) => one.startsWith(prefix))?.slice(prefix.length);
}

/** Codes 4400-4499 tell the stock client that trying again is pointless. */
const CLOSE_MALFORMED = 4400;
const CLOSE_SIGNED_OUT = 4401;
const CLOSE_FLOODING = 4429;
const CLOSE_GOING_AWAY = 1001;

export function createYjsSockets(options: { readonly doc: Y.Doc; readonly limits?: Partial<YjsLimits> }): YjsSockets {
  const limits = { ...YJS_LIMITS, ...options.limits };
  const server: Server = {
    doc: options.doc,
    limits,
    readers: new Set(),
    cut: { malformed: 0, slow: 0, idle: 0, flooding: 0 },
  };
  const upgrader = createUpgrader(limits);
  const board = new Set<Reader>();
  const state = createWholeState(server.doc);
  const publish = (update: Uint8Array): void => {
    const message = encodeUpdate(update);
    for (const reader of board) if (reader.started) send(server, reader, message);
  };
  server.doc.on("update", publish);
  const beat = setInterval(() => checkReaders(server), limits.keepAliveMs);
  beat.unref();
  return {
    counts: () => ({ open: server.readers.size, ...server.cut }),
    isFull: () => server.readers.size >= limits.sockets,
    accept: (request, socket, head, { isWelcome = () => true, enter } = {}) =>
      upgrader.handleUpgrade(request, socket, head, (ws) => {
        const reader = addReader(server, ws, isWelcome);
        reader.visit = enter === undefined ? readBoard(state, board, reader) : enter(seatOf(server, reader));
      }),
    recheck: () => {
      for (const reader of server.readers) dismiss(reader);
    },
    close: () => {
      clearInterval(beat);
      server.doc.off("update", publish);
      for (const reader of server.readers) hangUp(reader, CLOSE_GOING_AWAY, "the node is stopping");
    },
  };
}

function createUpgrader(limits: YjsLimits): WebSocketServer {
  // Not written in place: the types of `ws` do not know `closeTimeout` yet.
  const options = {
    noServer: true,
    clientTracking: false,
    maxPayload: limits.messageBytes,
    maxFragments: 64,
    maxBufferedChunks: 1_024,
    perMessageDeflate: false,
    closeTimeout: limits.closeGraceMs,
    // A browser that offers protocols gives up when none of them is taken.
    handleProtocols: (offered: Set<string>) => (offered.has(YJS_PROTOCOL) ? YJS_PROTOCOL : (false as const)),
  };
  return new WebSocketServer(options);
}

function readBoard(state: WholeState, board: Set<Reader>, reader: Reader): Visit {
  board.add(reader);
  return {
    answer: (stateVector) => state.answer(stateVector),
    update: () => undefined,
    awareness: () => true,
    leave: () => void board.delete(reader),
  };
}

const seatOf = (server: Server, reader: Reader): Seat => ({
  send: (message) => send(server, reader, message),
  end: (code, reason) => hangUp(reader, code, reason),
});

function addReader(server: Server, socket: WebSocket, isWelcome: () => boolean): Reader {
  const reader: Reader = {
    socket,
    isWelcome,
    visit: undefined,
    started: false,
    answerBytes: 0,
    answers: 0,
    messages: 0,
    bytes: 0,
    windowStartMs: performance.now(),
    heardSincePing: true,
  };
  server.readers.add(reader);
  socket.on("close", () => {
    server.readers.delete(reader);
    reader.visit?.leave();
  });
  // Every protocol violation `ws` finds (too large, too many fragments, bad UTF-8) arrives here; it closes the socket.
  socket.on("error", () => {
    server.cut.malformed += 1;
  });
  socket.on("pong", () => {
    reader.heardSincePing = true;
  });
  socket.on("message", (data, isBinary) => {
    reader.heardSincePing = true;
    // A message that was already on its way when the socket was closed is no longer anybody's.
    if (socket.readyState === WebSocket.OPEN) receive(server, reader, isBinary ? ownBytes(data) : undefined);
  });
  return reader;
}

/** A copy: messages are slices of a buffer that is shared with other sockets. */
function ownBytes(data: RawData): Uint8Array {
  return new Uint8Array(Array.isArray(data) ? Buffer.concat(data) : data);
}

function receive(server: Server, reader: Reader, bytes: Uint8Array | undefined): void {
  if (!takeMessage(server.limits, reader, bytes?.length ?? 0)) {
    cutFlooding(server, reader, "too many messages");
    return;
  }
  const message = bytes === undefined ? undefined : readClientMessage(bytes);
  if (message === undefined || !message.ok) {
    cutMalformed(server, reader);
    return;
  }
  const { visit } = reader;
  if (message.value.type === "dropped" || visit === undefined) return;
  if (message.value.type === "update") {
    visit.update(message.value.update);
    return;
  }
  if (message.value.type === "awareness") {
    if (!visit.awareness(message.value.update)) cutMalformed(server, reader);
    return;
  }
  reader.answers += 1;
  if (reader.answers > server.limits.answers) {
    cutFlooding(server, reader, "too many requests for state");
    return;
  }
  // One answer is on its way: it and the updates behind it hold everything this one would.
  if (reader.answerBytes > 0) return;
  const messages = visit.answer(message.value.stateVector);
  if (messages === undefined) cutMalformed(server, reader);
  else answer(server, reader, messages);
}

function takeMessage(limits: YjsLimits, reader: Reader, bytes: number): boolean {
  const nowMs = performance.now();
  if (nowMs - reader.windowStartMs > limits.windowMs) {
    Object.assign(reader, { windowStartMs: nowMs, answers: 0, messages: 0, bytes: 0 });
  }
  reader.messages += 1;
  reader.bytes += bytes;
  return reader.messages <= limits.messages && reader.bytes <= limits.windowBytes;
}

function answer(server: Server, reader: Reader, messages: readonly Uint8Array[]): void {
  reader.started = true;
  for (const message of messages) {
    reader.answerBytes += message.byteLength;
    send(server, reader, message, () => {
      reader.answerBytes -= message.byteLength;
    });
  }
}

function send(server: Server, reader: Reader, message: Uint8Array, sent?: () => void): void {
  if (reader.socket.readyState !== WebSocket.OPEN) return;
  if (reader.socket.bufferedAmount > server.limits.bufferedBytes + reader.answerBytes) {
    server.cut.slow += 1;
    reader.socket.terminate();
    return;
  }
  // A failed send is followed by the socket's own error and close events, which are handled.
  reader.socket.send(message, () => sent?.());
}

function checkReaders(server: Server): void {
  const keepAlive = encodeKeepAlive();
  for (const reader of server.readers) {
    if (!reader.heardSincePing) {
      server.cut.idle += 1;
      reader.socket.terminate();
      continue;
    }
    if (dismiss(reader)) continue;
    reader.heardSincePing = false;
    if (reader.socket.readyState === WebSocket.OPEN) reader.socket.ping();
    send(server, reader, keepAlive);
  }
}

/** True when the reader was sent away. */
function dismiss(reader: Reader): boolean {
  const welcome = reader.isWelcome();
  if (!welcome) hangUp(reader, CLOSE_SIGNED_OUT, "signed out");
  return !welcome;
}

function cutFlooding(server: Server, reader: Reader, reason: string): void {
  server.cut.flooding += 1;
  hangUp(reader, CLOSE_FLOODING, reason);
}

function cutMalformed(server: Server, reader: Reader): void {
  server.cut.malformed += 1;
  hangUp(reader, CLOSE_MALFORMED, "not a message of the protocol");
}

/** A client that does not answer the close is cut after the grace period. */
function hangUp(reader: Reader, code: number, reason: string): void {
  reader.socket.close(code, reason);
}
