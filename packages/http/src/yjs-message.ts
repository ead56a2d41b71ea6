/**
 * The y-websocket protocol as far as this server speaks it. Of what clients send, "here is what I have, what is new?" is
 * understood here; updates and presence are handed on as bytes to the room, which takes them apart or drops them unread.
 */
import { err, ok, type Result } from "@skein/core";
import { createDecoder, readVarString, readVarUint, readVarUint8Array } from "lib0/decoding";
import { createEncoder, toUint8Array, writeVarString, writeVarUint, writeVarUint8Array } from "lib0/encoding";
import { messageYjsSyncStep1, messageYjsSyncStep2, messageYjsUpdate } from "y-protocols/sync";

const MESSAGE_SYNC = 0;
const MESSAGE_AWARENESS = 1;
const MESSAGE_QUERY_AWARENESS = 3;

export type ClientMessage =
  | { readonly type: "state-vector"; readonly stateVector: Uint8Array }
  | { readonly type: "update"; readonly update: Uint8Array }
  | { readonly type: "awareness"; readonly update: Uint8Array }
  /** Allowed by the protocol, of no effect anywhere. */
  | { readonly type: "dropped" };

/** `bytes` must own its buffer: the decoder would read past the message into whatever a shared one holds. */
export function readClientMessage(bytes: Uint8Array): Result<ClientMessage, "malformed"> {
  try {
    const decoder = createDecoder(bytes);
    const type = readVarUint(decoder);
    if (type > MESSAGE_QUERY_AWARENESS) return err("malformed");
    if (type === MESSAGE_AWARENESS) return ok({ type: "awareness", update: readVarUint8Array(decoder) });
    if (type !== MESSAGE_SYNC) return ok({ type: "dropped" });
    const step = readVarUint(decoder);
    if (step > messageYjsUpdate) return err("malformed");
    const payload = readVarUint8Array(decoder);
    return ok(
      step === messageYjsSyncStep1
        ? { type: "state-vector", stateVector: payload }
        : { type: "update", update: payload },
    );
  } catch {
    return err("malformed");
  }
}

export function encodeAnswer(update: Uint8Array): Uint8Array {
  return encodeSync(messageYjsSyncStep2, update);
}

export function encodeUpdate(update: Uint8Array): Uint8Array {
  return encodeSync(messageYjsUpdate, update);
}

function encodeSync(step: number, payload: Uint8Array): Uint8Array {
  const encoder = createEncoder();
  writeVarUint(encoder, MESSAGE_SYNC);
  writeVarUint(encoder, step);
  writeVarUint8Array(encoder, payload);
  return toUint8Array(encoder);
}

/** Presence of one client, or that it is gone. */
export function encodeAwareness(client: number, clock: number, state: object | null): Uint8Array {
  const inner = createEncoder();
  writeVarUint(inner, 1);
  writeVarUint(inner, client);
  writeVarUint(inner, clock);
  writeVarString(inner, JSON.stringify(state));
  const encoder = createEncoder();
  writeVarUint(encoder, MESSAGE_AWARENESS);
  writeVarUint8Array(encoder, toUint8Array(inner));
  return toUint8Array(encoder);
}

/** Presence of exactly this client, as parsed JSON; undefined when it is anything else. */
export function readAwareness(update: Uint8Array, client: number): { readonly state: unknown } | undefined {
  try {
    const decoder = createDecoder(update);
    if (readVarUint(decoder) !== 1 || readVarUint(decoder) !== client) return undefined;
    readVarUint(decoder);
    const state: unknown = JSON.parse(readVarString(decoder));
    return decoder.pos === update.length ? { state } : undefined;
  } catch {
    return undefined;
  }
}

/** A type of message that y-websocket does not have: what this server says about the session, as JSON. */
export const MESSAGE_SESSION = 100;

export function encodeSession(about: object): Uint8Array {
  const encoder = createEncoder();
  writeVarUint(encoder, MESSAGE_SESSION);
  writeVarString(encoder, JSON.stringify(about));
  return toUint8Array(encoder);
}

/** Presence of nobody. A stock client that hears nothing for 30 s, pings aside, takes the server for dead. */
export function encodeKeepAlive(): Uint8Array {
  const encoder = createEncoder();
  writeVarUint(encoder, MESSAGE_AWARENESS);
  writeVarUint8Array(encoder, new Uint8Array([0]));
  return toUint8Array(encoder);
}
