/**
 * The y-websocket protocol as far as a server that is only read needs it. Of what clients send, one thing is
 * understood: "here is what I have, what is new?". Everything else is recognized by its type and dropped unread.
 */
import { err, ok, type Result } from "@skein/core";
import { createDecoder, readVarUint, readVarUint8Array } from "lib0/decoding";
import { createEncoder, toUint8Array, writeVarUint, writeVarUint8Array } from "lib0/encoding";
import { messageYjsSyncStep1, messageYjsSyncStep2, messageYjsUpdate } from "y-protocols/sync";

const MESSAGE_SYNC = 0;
const MESSAGE_AWARENESS = 1;
const MESSAGE_QUERY_AWARENESS = 3;

export type ClientMessage =
  | { readonly type: "state-vector"; readonly stateVector: Uint8Array }
  /** An update, presence or authentication message: allowed by the protocol, of no effect here. */
  | { readonly type: "dropped" };

/** `bytes` must own its buffer: the decoder would read past the message into whatever a shared one holds. */
export function readClientMessage(bytes: Uint8Array): Result<ClientMessage, "malformed"> {
  try {
    const decoder = createDecoder(bytes);
    const type = readVarUint(decoder);
    if (type > MESSAGE_QUERY_AWARENESS) return err("malformed");
    if (type !== MESSAGE_SYNC) return ok({ type: "dropped" });
    const step = readVarUint(decoder);
    if (step > messageYjsUpdate) return err("malformed");
    if (step !== messageYjsSyncStep1) return ok({ type: "dropped" });
    return ok({ type: "state-vector", stateVector: readVarUint8Array(decoder) });
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

/** Presence of nobody. A stock client that hears nothing for 30 s, pings aside, takes the server for dead. */
export function encodeKeepAlive(): Uint8Array {
  const encoder = createEncoder();
  writeVarUint(encoder, MESSAGE_AWARENESS);
  writeVarUint8Array(encoder, new Uint8Array([0]));
  return toUint8Array(encoder);
}
