/** What is said on the socket of a story: y-websocket's messages, and one of Skein's own about the session. */
import { createDecoder, readVarString, readVarUint, readVarUint8Array } from "lib0/decoding";
import { createEncoder, toUint8Array, writeVarString, writeVarUint, writeVarUint8Array } from "lib0/encoding";

/** Somebody's selection, as Yjs writes places of a text down. */
export interface Selection {
  readonly anchor: unknown;
  readonly head: unknown;
}

export interface Other {
  readonly name: string;
  /** Undefined while they are not in the text. */
  readonly selection: Selection | undefined;
}

export type FromNode =
  | { readonly type: "session"; readonly client: number; readonly mayEdit: boolean }
  | { readonly type: "saved"; readonly edits: number }
  | { readonly type: "state"; readonly update: Uint8Array }
  | { readonly type: "update"; readonly update: Uint8Array }
  | { readonly type: "presence"; readonly client: number; readonly other: Other | undefined }
  | { readonly type: "nothing" };

const SYNC = 0;
const AWARENESS = 1;
const SESSION = 100;

const NOTHING: FromNode = { type: "nothing" };

/** The node that served the page is trusted; what another version says that this one does not know is nothing. */
export function readMessage(bytes: Uint8Array): FromNode {
  const decoder = createDecoder(bytes);
  const type = readVarUint(decoder);
  if (type === SESSION) return readSession(JSON.parse(readVarString(decoder)));
  if (type === SYNC) {
    const step = readVarUint(decoder);
    if (step === 0) return NOTHING;
    return { type: step === 1 ? "state" : "update", update: readVarUint8Array(decoder) };
  }
  return type === AWARENESS ? readPresence(readVarUint8Array(decoder)) : NOTHING;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

function readSession(said: unknown): FromNode {
  if (!isRecord(said)) return NOTHING;
  const { type, client, mayEdit, edits } = said;
  if (type === "session" && typeof client === "number") return { type, client, mayEdit: mayEdit === true };
  return type === "saved" && typeof edits === "number" ? { type, edits } : NOTHING;
}

function readPresence(bytes: Uint8Array): FromNode {
  const decoder = createDecoder(bytes);
  if (readVarUint(decoder) !== 1) return NOTHING;
  const client = readVarUint(decoder);
  readVarUint(decoder);
  const state: unknown = JSON.parse(readVarString(decoder));
  if (!isRecord(state)) return { type: "presence", client, other: undefined };
  const { user, cursor } = state;
  const name = isRecord(user) && typeof user["name"] === "string" ? user["name"] : "";
  const selection = isRecord(cursor) ? { anchor: cursor["anchor"], head: cursor["head"] } : undefined;
  return { type: "presence", client, other: { name, selection } };
}

/** "I have nothing: what is there?" */
export const askForState = (): Uint8Array<ArrayBuffer> => new Uint8Array([SYNC, 0, 1, 0]);

export function sendUpdate(update: Uint8Array): Uint8Array<ArrayBuffer> {
  const encoder = createEncoder();
  writeVarUint(encoder, SYNC);
  writeVarUint(encoder, 2);
  writeVarUint8Array(encoder, update);
  return toUint8Array(encoder);
}

/** `clock` grows with every word of this client. */
export function sendPresence(client: number, clock: number, selection: Selection | undefined): Uint8Array<ArrayBuffer> {
  const inner = createEncoder();
  for (const number of [1, client, clock]) writeVarUint(inner, number);
  writeVarString(inner, JSON.stringify(selection === undefined ? {} : { cursor: selection }));
  const encoder = createEncoder();
  writeVarUint(encoder, AWARENESS);
  writeVarUint8Array(encoder, toUint8Array(inner));
  return toUint8Array(encoder);
}
