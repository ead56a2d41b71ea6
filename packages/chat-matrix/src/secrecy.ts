/**
 * What is believed in an encrypted room: text that decrypts, and nothing that is written in clear, because that is the word of
 * whoever runs the homeserver. Reactions are always in clear on Matrix, so they decide nothing there. Removals are in clear
 * too; they only take questions back.
 *
 * A message whose key has not come is kept and tried again at every sync of this process.
 */
import type { ChatHost } from "@skein/chat";

import type { MatrixApi } from "./api.ts";
import type { Deciphered, RoomCryptography } from "./cryptography.ts";
import type { RoomEvent } from "./events.ts";
import type { Answer } from "./http.ts";

export interface Secrecy {
  isEncrypted(room: string, cryptography: RoomCryptography): Promise<Answer<boolean>>;
  /** Rooms with messages whose key has not come. */
  waiting(): Iterable<string>;
  read(request: SecretRead): Promise<Answer<ClearNews>>;
}

interface SecretRead {
  readonly cryptography: RoomCryptography;
  readonly room: string;
  readonly events: readonly RoomEvent[];
  readonly userId: string;
}

interface ClearNews {
  readonly events: readonly RoomEvent[];
  /** Once the events are durable: says what people should know, once, and forgets what waited. */
  readonly settle: (host: Pick<ChatHost, "trouble">) => void;
}

export interface SecrecyDeps {
  readonly api: Pick<MatrixApi, "isEncrypted">;
  readonly account: string;
  readonly signal: AbortSignal;
}

/** In one room; the oldest are given up. */
const WAITING_MAX = 100;

const DONE: Answer<void> = { type: "ok", value: undefined };

/** What a stranger on the way may have written. */
const COMMANDING: ReadonlySet<string> = new Set(["m.room.message", "m.reaction"]);

export function createSecrecy({ api, account, signal }: SecrecyDeps): Secrecy {
  const known = new Map<string, boolean>();
  const waiting = new Map<string, ReadonlyMap<string, RoomEvent>>();
  const told = new Set<string>();

  const note = async (room: string, cryptography: RoomCryptography): Promise<Answer<void>> => {
    if (known.get(room) === true) return DONE;
    const noted = await cryptography.noteEncrypted(room);
    if (noted.type === "ok") known.set(room, true);
    return noted;
  };
  const isEncrypted: Secrecy["isEncrypted"] = async (room, cryptography) => {
    const before = known.get(room) ?? ((await cryptography.knowsAsEncrypted(room)) ? true : undefined);
    if (before !== undefined) {
      known.set(room, before);
      return { type: "ok", value: before };
    }
    const asked = await api.isEncrypted(room, signal);
    if (asked.type !== "ok") return asked;
    if (!asked.value) known.set(room, false);
    const noted = asked.value ? await note(room, cryptography) : DONE;
    return noted.type === "ok" ? asked : noted;
  };

  return {
    isEncrypted,
    waiting: () => waiting.keys(),
    read: async ({ cryptography, room, events, userId }) => {
      const before = await isEncrypted(room, cryptography);
      // A room that the account is no longer in does not say. What was written there in clear is then not believed.
      if (before.type !== "ok" && !(before.type === "refused" && before.status === 403)) return before;
      let encrypted = before.type !== "ok" || before.value;
      let isProven = false;
      const [clear, late, troubles] = [[] as RoomEvent[], new Map<string, RoomEvent>(), new Map<string, string>()];
      for (const event of [...(waiting.get(room)?.values() ?? []), ...events]) {
        if (event.type === "m.room.encryption" && event.state_key === "") {
          [encrypted, isProven] = [true, true];
        } else if (event.type === "m.room.encrypted") {
          if (event.sender === userId || event.state_key !== undefined) continue;
          const read = await cryptography.decrypt(room, event);
          if (read.type !== "ok") return read;
          if (read.value.type === "unreadable") {
            const { reason, later } = read.value;
            if (later) late.set(event.event_id, event);
            troubles.set(`${room} ${event.sender} ${reason}`, unreadable(account, room, event.sender, reason));
          } else {
            [encrypted, isProven] = [true, true];
            clear.push(...messageOf(event, read.value));
          }
        } else if (encrypted && COMMANDING.has(event.type) && event.sender !== userId) {
          troubles.set(`${room} ${event.type}`, inClear(room, event));
        } else clear.push(event);
      }
      const noted = isProven ? await note(room, cryptography) : DONE;
      if (noted.type !== "ok") return noted;
      const settle: ClearNews["settle"] = (host) => {
        if (late.size === 0) waiting.delete(room);
        else waiting.set(room, new Map([...late].slice(-WAITING_MAX)));
        for (const [key, message] of troubles) {
          if (!told.has(key)) host.trouble({ severity: "passing", message });
          told.add(key);
        }
      };
      return { type: "ok", value: { events: clear, settle } };
    },
  };
}

/** Within ciphertext nothing but a message is one: who may remove something, or came in, is the homeserver's to say. */
const messageOf = (
  event: RoomEvent,
  { eventType, content, id }: Extract<Deciphered, { readonly type: "clear" }>,
): readonly RoomEvent[] =>
  eventType === "m.room.message" ? [{ ...event, type: eventType, content, clearId: id }] : [];

const unreadable = (account: string, room: string, sender: string, reason: string): string =>
  `A message of ${sender} in the encrypted Matrix room ${room} is not carried out by the account ${account}: ${reason}.`;

const inClear = (room: string, { type, sender }: RoomEvent): string =>
  type === "m.reaction"
    ? `A reaction of ${sender} in the encrypted Matrix room ${room} does nothing, as reactions are never encrypted. Answer in words.`
    : `A message of ${sender} in the encrypted Matrix room ${room} was not encrypted, and is not carried out. Whoever runs the homeserver can write that in anybody's name.`;
