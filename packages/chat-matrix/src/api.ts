/** The endpoints of the client-server API that the transport uses, each with the form that its answer must have. */
import type { z } from "zod";

import {
  deviceSchema,
  encryptionSchema,
  joinedMembersSchema,
  pageSchema,
  profileSchema,
  senderSchema,
  sentSchema,
  syncSchema,
  whoamiSchema,
  type Page,
  type SyncAnswer,
} from "./events.ts";
import type { Answer, Http, HttpRequest } from "./http.ts";

export interface MatrixApi {
  /** The account's own MXID. */
  whoami(signal: AbortSignal): Promise<Answer<string>>;
  /** The account's own MXID, and the device that the access token belongs to. */
  device(signal: AbortSignal): Promise<Answer<Device>>;
  /** Empty when there is none. */
  displayName(user: string, signal: AbortSignal): Promise<Answer<string>>;
  sync(request: SyncRequest, signal: AbortSignal): Promise<Answer<SyncAnswer>>;
  /** What is new for the device alone, without any room. */
  deviceSync(since: string | undefined, signal: AbortSignal): Promise<Answer<SyncAnswer>>;
  /** One page of the room's past, from the older end to the newer. */
  page(request: PageRequest, signal: AbortSignal): Promise<Answer<Page>>;
  /** One page of what this sender wrote, the newest first. */
  written(request: WrittenRequest, signal: AbortSignal): Promise<Answer<Page>>;
  /** Whether the room is encrypted now, as the homeserver says. */
  isEncrypted(room: string, signal: AbortSignal): Promise<Answer<boolean>>;
  /** MXIDs of who is joined. */
  members(room: string, signal: AbortSignal): Promise<Answer<readonly string[]>>;
  /** Who sent an event. */
  senderOf(room: string, event: string, signal: AbortSignal): Promise<Answer<string>>;
  /** How many people are joined; `too-long` where there are too many to list. */
  joinedCount(room: string, signal: AbortSignal): Promise<Answer<number>>;
  join(room: string, signal: AbortSignal): Promise<Answer<unknown>>;
  leave(room: string, signal: AbortSignal): Promise<Answer<unknown>>;
  /** Resolves with the event's id. The same transaction is the same event, whoever of this device sends it. */
  send(request: SendRequest, signal: AbortSignal): Promise<Answer<string>>;
}

export interface SyncRequest {
  readonly since: string | undefined;
  /** How long the homeserver may wait for something to happen. */
  readonly waitMs: number;
  /** Most events of one room in one answer. */
  readonly limit: number;
}

export interface PageRequest {
  readonly room: string;
  readonly from: string;
  readonly to: string;
}

interface WrittenRequest {
  readonly room: string;
  readonly sender: string;
  /** Where the page before ended; undefined for the newest. */
  readonly from: string | undefined;
}

interface Device {
  readonly userId: string;
  readonly deviceId: string;
}

export interface SendRequest {
  readonly room: string;
  readonly type: "m.room.message" | "m.room.encrypted" | "m.reaction";
  readonly transaction: string;
  readonly content: Readonly<Record<string, unknown>>;
}

const REQUEST_MS = 20_000;
/** The first sync of an account in many rooms takes long. */
const SYNC_EXTRA_MS = 60_000;
const SYNC_BYTES_MAX = 64 * 1024 * 1024;
const PAGE_BYTES_MAX = 16 * 1024 * 1024;
const PAGE_EVENTS = 100;

/** Members tell of joins and names, encryption of when a room became encrypted. */
const TIMELINE_TYPES: readonly string[] = [
  "m.room.message",
  "m.reaction",
  "m.room.redaction",
  "m.room.member",
  "m.room.encrypted",
  "m.room.encryption",
];
const WRITTEN_TYPES: readonly string[] = ["m.room.message", "m.room.encrypted"];
const NOTHING = { types: [] };
/** Display names of whoever wrote something, and of nobody else. */
const WRITERS = { lazy_load_members: true, include_redundant_members: true };

export function createApi(http: Http): MatrixApi {
  const get = (path: string, signal: AbortSignal, more: Partial<HttpRequest> = {}): Promise<Answer<unknown>> =>
    http({ method: "GET", path, timeoutMs: REQUEST_MS, signal, ...more });
  const post = (path: string, signal: AbortSignal): Promise<Answer<unknown>> =>
    http({ method: "POST", path, body: {}, timeoutMs: REQUEST_MS, signal });

  return {
    whoami: async (signal) => parsed(await get("/v3/account/whoami", signal), whoamiSchema, ({ user_id }) => user_id),
    device: async (signal) =>
      parsed(await get("/v3/account/whoami", signal), deviceSchema, ({ user_id, device_id }) => ({
        userId: user_id,
        deviceId: device_id,
      })),
    displayName: async (user, signal) =>
      parsed(await get(`/v3/profile/${encoded(user)}`, signal), profileSchema, (profile) => profile.displayname ?? ""),
    sync: async ({ since, waitMs, limit }, signal) => {
      const query = { filter: syncFilter(limit), timeout: String(waitMs), ...(since === undefined ? {} : { since }) };
      const more = { query, timeoutMs: waitMs + SYNC_EXTRA_MS, maxBytes: SYNC_BYTES_MAX };
      return parsed(await get("/v3/sync", signal, more), syncSchema, (answer) => answer);
    },
    deviceSync: async (since, signal) => {
      const query = { filter: DEVICE_FILTER, timeout: "0", ...(since === undefined ? {} : { since }) };
      const more = { query, timeoutMs: SYNC_EXTRA_MS, maxBytes: SYNC_BYTES_MAX };
      return parsed(await get("/v3/sync", signal, more), syncSchema, (answer) => answer);
    },
    page: async ({ room, from, to }, signal) => {
      const filter = JSON.stringify({ types: TIMELINE_TYPES, ...WRITERS });
      const query = { dir: "f", from, to, limit: String(PAGE_EVENTS), filter };
      const answer = await get(`${roomPath(room)}/messages`, signal, { query, maxBytes: PAGE_BYTES_MAX });
      return parsed(answer, pageSchema, (page) => page);
    },
    written: async ({ room, sender, from }, signal) => {
      const filter = JSON.stringify({ types: WRITTEN_TYPES, senders: [sender] });
      const query = { dir: "b", limit: String(PAGE_EVENTS), filter, ...(from === undefined ? {} : { from }) };
      const answer = await get(`${roomPath(room)}/messages`, signal, { query, maxBytes: PAGE_BYTES_MAX });
      return parsed(answer, pageSchema, (page) => page);
    },
    isEncrypted: async (room, signal) => {
      const answer = await get(`${roomPath(room)}/state/m.room.encryption/`, signal);
      if (answer.type === "refused" && answer.status === 404) return { type: "ok", value: false };
      return parsed(answer, encryptionSchema, () => true);
    },
    members: async (room, signal) =>
      parsed(await get(`${roomPath(room)}/joined_members`, signal), joinedMembersSchema, ({ joined }) =>
        Object.keys(joined),
      ),
    senderOf: async (room, event, signal) =>
      parsed(await get(`${roomPath(room)}/event/${encoded(event)}`, signal), senderSchema, ({ sender }) => sender),
    joinedCount: async (room, signal) =>
      parsed(
        await get(`${roomPath(room)}/joined_members`, signal),
        joinedMembersSchema,
        ({ joined }) => Object.keys(joined).length,
      ),
    join: (room, signal) => post(`/v3/join/${encoded(room)}`, signal),
    leave: (room, signal) => post(`${roomPath(room)}/leave`, signal),
    send: async ({ room, type, transaction, content }, signal) => {
      const path = `${roomPath(room)}/send/${type}/${encoded(transaction)}`;
      const answer = await http({ method: "PUT", path, body: content, timeoutMs: REQUEST_MS, signal });
      return parsed(answer, sentSchema, ({ event_id }) => event_id);
    },
  };
}

/** As a part of a path. A half of a pair cannot be encoded; there is nothing of that name. */
const encoded = (text: string): string => encodeURIComponent(text.replaceAll(/\p{Cs}/gu, "\u{fffd}"));

const roomPath = (room: string): string => `/v3/rooms/${encoded(room)}`;

const syncFilter = (limit: number): string =>
  JSON.stringify({
    presence: NOTHING,
    account_data: NOTHING,
    room: {
      account_data: NOTHING,
      ephemeral: NOTHING,
      state: { types: ["m.room.member"], ...WRITERS },
      timeline: { types: TIMELINE_TYPES, limit, ...WRITERS },
    },
  });

const DEVICE_FILTER = JSON.stringify({
  presence: NOTHING,
  account_data: NOTHING,
  room: { rooms: [], account_data: NOTHING, ephemeral: NOTHING, state: NOTHING, timeline: NOTHING },
});

function parsed<T, U>(answer: Answer<unknown>, schema: z.ZodType<T>, take: (value: T) => U): Answer<U> {
  if (answer.type !== "ok") return answer;
  const { data, success } = schema.safeParse(answer.value);
  if (!success) return { type: "unclear", reason: "the homeserver's answer has not the form that it must have" };
  return { type: "ok", value: take(data) };
}
