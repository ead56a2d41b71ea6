/**
 * What a room's event means to the mesh; nothing for most. Only `m.text` is a person writing: bots write `m.notice`, and what
 * this account itself sends comes back under its own MXID.
 */
import type { InboundEvent } from "@skein/chat";

import type { RoomEvent } from "./events.ts";
import { readMention, type Self } from "./mention.ts";

export interface RoomView {
  readonly id: string;
  readonly direct: boolean;
  /** Display names by MXID, of those that are known. */
  readonly names: ReadonlyMap<string, string>;
}

/** How an event refers to another. */
interface Relation {
  readonly type: string | undefined;
  readonly event: string | undefined;
  readonly key: string | undefined;
  readonly repliesTo: string | undefined;
  /** The reply is only there for clients that know no threads. */
  readonly isFallback: boolean;
}

const DISPLAY_NAME_MAX = 100;
const ID_MAX = 255;

export function toInbound(event: RoomEvent, room: RoomView, self: Self): InboundEvent | undefined {
  if (event.sender === self.userId || event.state_key !== undefined) return undefined;
  const relation = relationOf(event.content);
  switch (event.type) {
    case "m.room.message":
      return relation.type === "m.replace" ? edit(event, room, relation.event) : message(event, room, relation, self);
    case "m.reaction":
      return reaction(event, room, relation);
    case "m.room.redaction":
      return edit(event, room, idOf(event.redacts) ?? idOf(event.content["redacts"]));
    default:
      return undefined;
  }
}

/**
 * The message that this event replaces. Anybody may send such an event about anything, so whoever believes it asks first
 * whose message that is.
 */
export function replacedMessage(event: RoomEvent): string | undefined {
  const relation = relationOf(event.content);
  return event.type === "m.room.message" && relation.type === "m.replace" ? relation.event : undefined;
}

function message(event: RoomEvent, room: RoomView, relation: Relation, self: Self): InboundEvent | undefined {
  const body = event.content["body"];
  if (event.content["msgtype"] !== "m.text" || typeof body !== "string") return undefined;
  const written = relation.repliesTo === undefined ? body : withoutReplyFallback(body);
  const { addressed, text } = readMention(event.content, written, self);
  return {
    ...common(event, room),
    type: "message",
    thread: relation.type === "m.thread" ? (relation.event ?? null) : null,
    message: event.event_id,
    quotes: relation.isFallback ? null : (relation.repliesTo ?? null),
    text,
    addressed,
  };
}

function edit(event: RoomEvent, room: RoomView, edited: string | undefined): InboundEvent | undefined {
  if (edited === undefined) return undefined;
  // The new text executes nothing, so it is not handed on.
  return {
    ...common(event, room),
    type: "edit",
    thread: null,
    message: edited,
    quotes: null,
    text: "",
    addressed: false,
  };
}

function reaction(event: RoomEvent, room: RoomView, { type, event: target, key }: Relation): InboundEvent | undefined {
  if (type !== "m.annotation" || target === undefined || key === undefined) return undefined;
  return {
    ...common(event, room),
    type: "reaction",
    thread: null,
    message: target,
    quotes: null,
    // The selector of the colored form, which some clients add and others do not.
    text: key.replaceAll("\u{fe0f}", ""),
    addressed: false,
  };
}

function common(
  event: RoomEvent,
  room: RoomView,
): Pick<InboundEvent, "id" | "principal" | "displayName" | "room" | "direct" | "atMs"> {
  return {
    id: event.clearId ?? event.event_id,
    principal: `matrix:${event.sender}`,
    displayName: (room.names.get(event.sender) ?? event.sender).slice(0, DISPLAY_NAME_MAX),
    room: room.id,
    direct: room.direct,
    atMs: event.origin_server_ts,
  };
}

function relationOf(content: RoomEvent["content"]): Relation {
  const relates = record(content["m.relates_to"]);
  return {
    type: stringOf(relates["rel_type"]),
    event: idOf(relates["event_id"]),
    key: stringOf(relates["key"]),
    repliesTo: idOf(record(relates["m.in_reply_to"])["event_id"]),
    isFallback: relates["rel_type"] === "m.thread" && relates["is_falling_back"] === true,
  };
}

const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};

const stringOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

/** Of an event. Half a pair of a character would be no part of an address. */
const idOf = (value: unknown): string | undefined =>
  typeof value === "string" && value.length <= ID_MAX && /^\$\P{C}+$/u.test(value) ? value : undefined;

/** Older clients repeat what is replied to, in lines that begin with `> `, and then an empty line. */
function withoutReplyFallback(body: string): string {
  const lines = body.split("\n");
  const own = lines.findIndex((line) => !line.startsWith(">"));
  if (own === -1) return "";
  return lines.slice(own > 0 && lines[own] === "" ? own + 1 : own).join("\n");
}
