/**
 * From one sync to what the mesh is told: invitations answered, and per room the events that mean something. Whatever cannot be
 * found out because the homeserver does not answer fails the whole batch; it is read again from the same position.
 */
import type { ChatHost, InboundEvent, TransportServices } from "@skein/chat";

import type { MatrixApi } from "./api.ts";
import { QUIET_ROOM, type InvitedRoom, type JoinedRoom, type RoomEvent, type SyncAnswer } from "./events.ts";
import type { RoomCryptography } from "./cryptography.ts";
import { isRevoked, type Answer, type Failure } from "./http.ts";
import { replacedMessage, toInbound } from "./inbound.ts";
import type { Self } from "./mention.ts";
import { describe } from "./outcome.ts";
import type { Secrecy } from "./secrecy.ts";
import { changesMembership, newsOf, type RoomNews } from "./timeline.ts";

export interface Rooms {
  /** Joins where the inviter is on the list, leaves where not. */
  answerInvitations(sync: SyncAnswer, self: Self): Promise<Answer<void>>;
  /** What happened since then, room by room, oldest first. */
  read(sync: SyncAnswer, since: string, self: Self, keys?: RoomKeys): Promise<Answer<Reading>>;
}

/** For an account that reads encrypted rooms. */
export interface RoomKeys {
  readonly cryptography: RoomCryptography;
  readonly secrecy: Secrecy;
}

interface Reading {
  readonly events: readonly InboundEvent[];
  /** Says what people should know of it, once it is durable and will not be read again. */
  readonly tell: () => void;
}

export interface RoomsDeps {
  readonly api: MatrixApi;
  readonly host: Pick<ChatHost, "trouble">;
  /** MXIDs whose invitations are accepted. */
  readonly allow: readonly string[];
  readonly account: string;
  readonly log: TransportServices["log"];
  readonly signal: AbortSignal;
}

export function createRooms(deps: RoomsDeps): Rooms {
  const allow: ReadonlySet<string> = new Set(deps.allow);
  const memory: Memory = { joined: new Map(), saidEncrypted: new Set() };
  return {
    answerInvitations: async ({ rooms }, self) => {
      for (const [room, invited] of Object.entries(rooms.invite)) {
        const answer = await answerInvitation(deps, room, invitersOf(invited, self), allow);
        if (answer.type !== "ok") return answer;
      }
      return DONE;
    },
    read: async ({ rooms }, since, self, keys) => {
      const events: InboundEvent[] = [];
      const told: (() => void)[] = [];
      const waiting = [...(keys?.secrecy.waiting() ?? [])].filter((room) => rooms.join[room] === undefined);
      for (const [room, joined] of [
        ...Object.entries(rooms.join),
        ...waiting.map((room) => [room, QUIET_ROOM] as const),
      ]) {
        const news = await newsOf({ ...deps, room, news: joined, since, userId: self.userId });
        if (news.type !== "ok") return news;
        const clear = await clearOf(deps, memory, { room, news: news.value, self, keys });
        if (clear.type !== "ok") return clear;
        const readable = { ...news.value, events: clear.value.events };
        const inbound = await inboundOf(deps, memory, { room, joined, news: readable, self });
        if (inbound.type !== "ok") return inbound;
        events.push(...inbound.value);
        told.push(() => tellOf(deps, room, news.value), clear.value.settle);
      }
      return { type: "ok", value: { events, tell: () => told.forEach((tell) => tell()) } };
    },
  };
}

/** What this process has seen; all of it can be asked for again. */
interface Memory {
  /** How many people are joined, by room. */
  readonly joined: Map<string, number>;
  readonly saidEncrypted: Set<string>;
}

const DONE: Answer<void> = { type: "ok", value: undefined };

// ── invitations ─────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * Everybody who is named as having invited the account. What comes with an invitation from another server is that server's
 * word but for the invitation itself, and which of several that is cannot be told here.
 */
const invitersOf = ({ invite_state }: InvitedRoom, self: Self): readonly string[] =>
  invite_state.events
    .filter(
      ({ type, state_key, content }) =>
        type === "m.room.member" && state_key === self.userId && content["membership"] === "invite",
    )
    .map(({ sender }) => sender);

async function answerInvitation(
  { api, host, account, log, signal }: RoomsDeps,
  room: string,
  inviters: readonly string[],
  allow: ReadonlySet<string>,
): Promise<Answer<void>> {
  const inviter = inviters.join(" and ");
  if (inviters.length === 0 || !inviters.every((one) => allow.has(one))) {
    const left = await api.leave(room, signal);
    const message = "The setting invite.allow does not name who invited; then they have to invite again.";
    log("info", "chat.matrix.invitation-refused", { account, room, inviter, message });
    // An invitation that stays open does no harm.
    if (left.type !== "ok") log("warn", "chat.matrix.leave-failed", { account, room, reason: describe(left) });
    return DONE;
  }
  const joined = await api.join(room, signal);
  if (joined.type === "ok") {
    log("info", "chat.matrix.joined", { account, room, inviter });
    return DONE;
  }
  if (isPassing(joined)) return joined;
  host.trouble({
    severity: "passing",
    message: `The Matrix account ${account} was invited to ${room} by ${inviter} and cannot join: ${describe(joined)}. Invite it again.`,
  });
  return DONE;
}

/** The same request may succeed later, or the account has to stop. */
const isPassing = (failure: Failure): boolean =>
  failure.type !== "refused" || failure.status === 429 || failure.status === 401 || isRevoked(failure);

// ── events ──────────────────────────────────────────────────────────────────────────────────────────────────────────

interface ReadRequest {
  readonly room: string;
  readonly joined: JoinedRoom;
  readonly news: RoomNews;
  readonly self: Self;
}

/** What people should know about a room. */
function tellOf({ host }: RoomsDeps, room: string, { missing }: RoomNews): void {
  if (missing === undefined) return;
  const message = `Messages in the Matrix room ${room} were not read: ${missing}. Whoever asked for something there has to ask again.`;
  host.trouble({ severity: "passing", message });
}

interface ClearRequest extends Pick<ReadRequest, "room" | "news" | "self"> {
  readonly keys: RoomKeys | undefined;
}

interface ClearEvents {
  readonly events: readonly RoomEvent[];
  readonly settle: () => void;
}

/** What can be read of the news. An account without keys reads what is not encrypted, and says so once. */
async function clearOf(
  deps: RoomsDeps,
  memory: Memory,
  { room, news, self, keys }: ClearRequest,
): Promise<Answer<ClearEvents>> {
  const { events } = news;
  if (keys === undefined) {
    return { type: "ok", value: { events, settle: () => tellEncrypted(deps, memory, room, events) } };
  }
  const read = await keys.secrecy.read({ ...keys, room, events, userId: self.userId });
  if (read.type !== "ok") return read;
  const { settle } = read.value;
  return { type: "ok", value: { events: read.value.events, settle: () => settle(deps.host) } };
}

function tellEncrypted(
  { host, account }: RoomsDeps,
  { saidEncrypted }: Memory,
  room: string,
  events: readonly RoomEvent[],
): void {
  if (saidEncrypted.has(room) || !events.some(({ type }) => type === "m.room.encrypted")) return;
  saidEncrypted.add(room);
  host.trouble({
    severity: "passing",
    message: `The Matrix room ${room} is encrypted, and the account ${account} cannot read there. Use a room without encryption, or switch on encryption for the account.`,
  });
}

async function inboundOf(
  deps: RoomsDeps,
  memory: Memory,
  { room, joined, news, self }: ReadRequest,
): Promise<Answer<readonly InboundEvent[]>> {
  noteCount(memory, room, joined, news);
  const view = { id: room, direct: false, names: news.names };
  const inbound: InboundEvent[] = [];
  for (const event of news.events) {
    const meant = toInbound(event, view, self);
    if (meant === undefined) continue;
    const genuine = await isGenuine(deps, room, event, news.events);
    if (genuine.type !== "ok") return genuine;
    if (genuine.value) inbound.push(meant);
  }
  if (inbound.length === 0) return { type: "ok", value: inbound };
  const direct = await isDirect(deps, memory, room, news);
  if (direct.type !== "ok") return direct;
  return { type: "ok", value: inbound.map((event) => ({ ...event, direct: direct.value })) };
}

/** An event that replaces a message is believed only from the one who sent the message. */
async function isGenuine(
  { api, signal }: RoomsDeps,
  room: string,
  event: RoomEvent,
  batch: readonly RoomEvent[],
): Promise<Answer<boolean>> {
  const target = replacedMessage(event);
  if (target === undefined) return { type: "ok", value: true };
  const known = batch.find(({ event_id }) => event_id === target);
  if (known !== undefined) return { type: "ok", value: known.sender === event.sender };
  const sender = await api.senderOf(room, target, signal);
  if (sender.type === "ok") return { type: "ok", value: sender.value === event.sender };
  return isPassing(sender) ? sender : { type: "ok", value: false };
}

// ── direct rooms ────────────────────────────────────────────────────────────────────────────────────────────────────

/** The homeserver tells the count when it may have changed. */
function noteCount({ joined }: Memory, room: string, { summary, timeline }: JoinedRoom, { events }: RoomNews): void {
  const count = summary["m.joined_member_count"];
  if (count !== undefined) joined.set(room, count);
  else if (timeline.limited || events.some(changesMembership)) joined.delete(room);
}

/**
 * A room of two: the account and one person, who can mean nobody else. Flags of clients (`is_direct`, `m.direct`) only say
 * what a room was meant to be. Where somebody came or went meanwhile, nobody can tell who was there to be meant.
 */
async function isDirect(
  { api, signal }: RoomsDeps,
  { joined }: Memory,
  room: string,
  { events }: RoomNews,
): Promise<Answer<boolean>> {
  if (events.some(changesMembership)) return { type: "ok", value: false };
  const known = joined.get(room);
  if (known !== undefined) return { type: "ok", value: known === 2 };
  const counted = await api.joinedCount(room, signal);
  if (counted.type !== "ok" && counted.type !== "too-long" && isPassing(counted)) return counted;
  const count = counted.type === "ok" ? counted.value : Number.POSITIVE_INFINITY;
  joined.set(room, count);
  return { type: "ok", value: count === 2 };
}
