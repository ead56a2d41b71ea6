/**
 * A link over one open WebSocket, the same for both ends.
 *
 * - Whatever ends it, `onClose` is called once and nothing comes after; after `close` no message comes either.
 * - The peer is a stranger until `setMaxMessageBytes` is called. `ws` fixes its own limit when the socket opens, so that
 *   one is the limit for proved peers, and a stranger is held by a budget: all bytes it sends, frame headers and pings
 *   included, are counted as they come off the wire, and it is cut at the first chunk that passes the budget. So it
 *   cannot make this node buffer a message of a megabyte, nor keep it busy with small ones.
 */
import { LIMITS } from "@skein/core";
import type { Link, LinkHandlers } from "@skein/node";
import type { Socket } from "node:net";
import { type RawData, WebSocket } from "ws";
import { closeReason, errorReason, fitReason } from "./close-reason.ts";

export interface SocketLink {
  readonly link: Link;
  /** Once per round: asks whether the other end is still there, and cuts the link after three rounds of silence. */
  checkAlive(): void;
  /** Ends the link at once, without a word to the other end. */
  cut(reason: string): void;
}

export interface OpenSocket {
  readonly socket: WebSocket;
  /** What `socket` runs over. */
  readonly raw: Socket;
  readonly remoteAddress: string;
  readonly onProved: () => void;
  readonly onClosed: () => void;
}

/** What both ends ask of `ws`. The types do not know `closeTimeout` yet, which is why it is written apart from its use. */
export const SOCKET_OPTIONS: {
  readonly perMessageDeflate: false;
  readonly maxPayload: number;
  readonly maxFragments: number;
  readonly maxBufferedChunks: number;
  readonly closeTimeout: number;
} = {
  // Compression multiplies what a few bytes cost, and frames are mostly hashes and signatures.
  perMessageDeflate: false,
  maxPayload: LIMITS.messageBytes,
  maxFragments: LIMITS.messageFragments,
  maxBufferedChunks: LIMITS.messageChunks,
  // How long the other end may take to answer a close.
  closeTimeout: 1_000,
};

const SILENT_ROUNDS = 3;

const CLOSED_BY_US = 4000;
const UNSUPPORTED_DATA = 1003;
const MESSAGE_TOO_BIG = 1009;

export function openSocketLink(open: OpenSocket, makeHandlers: (link: Link) => LinkHandlers): SocketLink {
  const { socket, raw } = open;
  let maxMessageBytes = LIMITS.messageBytesBeforeProof;
  /** The first reason wins: what follows from it is not news. */
  let ending: string | undefined;

  const hangUp = (code: number, reason: string): void => {
    if (ending !== undefined) return;
    ending = reason;
    socket.close(code, fitReason(reason));
  };
  const cut = (reason: string): void => {
    ending ??= reason;
    socket.terminate();
  };
  const removeBudget = holdToBudget(raw, () => cut("it sent too much before it had proved its key"));
  const link: Link = {
    remoteAddress: open.remoteAddress,
    bufferedBytes: () => socket.bufferedAmount,
    rttMs: () => life.rttMs(),
    send: (bytes) => {
      if (ending !== undefined || socket.readyState !== WebSocket.OPEN) return "closed";
      if (socket.bufferedAmount + bytes.length > LIMITS.outboxBytes) return "full";
      // Without a callback a failed write still ends the socket, and that is heard.
      socket.send(bytes, { binary: true });
      return "sent";
    },
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    setMaxMessageBytes: (bytes) => {
      maxMessageBytes = Math.min(bytes, LIMITS.messageBytes);
      removeBudget();
      open.onProved();
      life.ask();
    },
    close: (reason) => hangUp(CLOSED_BY_US, reason),
  };

  socket.on("message", (data, isBinary) => {
    if (ending !== undefined) return;
    if (!isBinary) hangUp(UNSUPPORTED_DATA, "it sent text; messages are binary");
    else if (lengthOf(data) > maxMessageBytes) hangUp(MESSAGE_TOO_BIG, `a message passed ${maxMessageBytes} bytes`);
    else handlers.onMessage(ownBytes(data));
  });
  socket.on("error", (cause) => {
    ending ??= errorReason(cause);
  });
  socket.on("close", (code, text) => {
    removeBudget();
    open.onClosed();
    handlers.onClose(ending ?? closeReason(code, text));
  });
  const life = createLifeSign(socket, raw, cut);
  // Events come later, in a turn of their own, so the handlers are there for the first of them.
  const handlers = makeHandlers(link);
  return { link, checkAlive: life.check, cut };
}

/** Returns how to lift the budget. */
function holdToBudget(raw: Socket, onPassed: () => void): () => void {
  let received = 0;
  let isLifted = false;
  // Runs after the listener of `ws`, because the chunk that holds the proof may hold a large message behind it; and once
  // more for that chunk, because listeners that are removed meanwhile are still called.
  const count = (chunk: Buffer): void => {
    received += chunk.length;
    if (received > LIMITS.strangerBytes && !isLifted) onPassed();
  };
  raw.on("data", count);
  return () => {
    isLifted = true;
    raw.off("data", count);
  };
}

/**
 * Counts rounds, not time: after this process itself was stopped for an hour, one round has passed. Any byte is a sign of
 * life, so that a large message on a slow line does not look like silence.
 */
interface LifeSign {
  readonly check: () => void;
  /** Asks at once, for people who want to know how far away it is. */
  readonly ask: () => void;
  readonly rttMs: () => number | undefined;
}

function createLifeSign(socket: WebSocket, raw: Socket, cut: (reason: string) => void): LifeSign {
  let bytesRead = raw.bytesRead;
  let silentRounds = 0;
  let rounds = 0;
  let asked: { readonly words: string; readonly atMs: number } | undefined;
  let rttMs: number | undefined;
  // An answer to an earlier question, or to none, says nothing about how far away the other end is.
  socket.on("pong", (words) => {
    if (asked === undefined || words.toString("latin1") !== asked.words) return;
    rttMs = performance.now() - asked.atMs;
    asked = undefined;
  });
  const ask = (): void => {
    if (socket.readyState !== WebSocket.OPEN) return;
    asked = { words: String(++rounds), atMs: performance.now() };
    socket.ping(asked.words);
  };
  return {
    rttMs: () => rttMs,
    ask,
    check: () => {
      silentRounds = raw.bytesRead === bytesRead ? silentRounds + 1 : 0;
      bytesRead = raw.bytesRead;
      if (silentRounds >= SILENT_ROUNDS) cut("the other end does not answer any more");
      else ask();
    },
  };
}

const lengthOf = (data: RawData): number =>
  Array.isArray(data) ? data.reduce((sum, part) => sum + part.length, 0) : data.byteLength;

/** A copy: what `ws` hands out is a slice of a chunk of many messages and would keep all of it in memory. */
const ownBytes = (data: RawData): Uint8Array => new Uint8Array(Array.isArray(data) ? Buffer.concat(data) : data);
