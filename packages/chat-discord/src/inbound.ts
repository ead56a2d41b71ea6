/**
 * What somebody did on Discord, as an event of the mesh, or nothing: bots, webhooks, the bot's own echo, the platform's own
 * notices, forwarded messages and quoted lines are nobody's word.
 */
import type { InboundEvent } from "@skein/chat";

import type { Place } from "./places.ts";
import { messageRef } from "./refs.ts";
import { snowflakeMs } from "./snowflake.ts";
import type { DiscordDeletion, DiscordMessage, DiscordReaction, DiscordUpdate, DiscordUser } from "./wire.ts";

/** Types of messages that people write; all others are notices of the platform. */
const DEFAULT = 0;
const REPLY = 19;
/** A message reference of this type is a forward: its text is somebody else's. */
const FORWARD = 1;

const NAME_MAX = 100;

export const principalOf = (user: string): string => `discord:${user}`;

export function displayName(user: Pick<DiscordUser, "username" | "global_name">, nick?: string | null): string {
  return (nick ?? user.global_name ?? user.username ?? "").slice(0, NAME_MAX);
}

/** `self` is the bot's user id. */
export function messageEvent(message: DiscordMessage, place: Place, self: string): InboundEvent | undefined {
  if (!isWrittenByPerson(message, self) || isForward(message)) return undefined;
  const { text, addressed } = readContent(message, self);
  if (text === "" && !addressed) return undefined;
  return {
    id: message.id,
    type: "message",
    principal: principalOf(message.author.id),
    displayName: displayName(message.author, message.member?.nick),
    room: place.room,
    direct: place.direct,
    thread: place.thread,
    message: messageRef(place, message.id),
    quotes: quoted(message, place),
    text,
    addressed,
    atMs: snowflakeMs(message.id),
  };
}

function isWrittenByPerson({ author, type, webhook_id: webhook }: DiscordMessage, self: string): boolean {
  const isPerson = author.bot !== true && author.system !== true && author.id !== self;
  return isPerson && typeof webhook !== "string" && (type === DEFAULT || type === REPLY);
}

const isForward = ({ message_reference: reference, message_snapshots: snapshots }: DiscordMessage): boolean =>
  reference?.type === FORWARD || (snapshots?.length ?? 0) > 0;

function quoted(
  { type, message_reference: reference, channel_id: channel }: DiscordMessage,
  place: Place,
): string | null {
  if (type !== REPLY || typeof reference?.message_id !== "string") return null;
  const isHere = typeof reference.channel_id !== "string" || reference.channel_id === channel;
  return isHere ? messageRef(place, reference.message_id) : null;
}

/**
 * The text without the bot's mention and without the lines that the author marked as quotes. A reply mentions the author of
 * the message it answers without a word in the text; a mention in a quoted line is nobody's.
 */
function readContent({ content, mentions }: DiscordMessage, self: string): { text: string; addressed: boolean } {
  const mention = new RegExp(`[ \\t]*<@!?${self}>[ \\t]*`, "g");
  const own = withoutQuotes(content);
  const isNamed = own.search(mention) !== -1;
  const isRepliedTo = (mentions ?? []).some(({ id }) => id === self) && content.search(mention) === -1;
  return { text: own.replaceAll(mention, " ").trim(), addressed: isNamed || isRepliedTo };
}

function withoutQuotes(content: string): string {
  const rest = content.search(/^[ \t]*>>> /m);
  const upTo = rest === -1 ? content : content.slice(0, rest);
  return upTo
    .split("\n")
    .filter((line) => !/^[ \t]*>(?: |$)/.test(line))
    .join("\n");
}

/** Discord also reports an update when it has added a preview: only what has a time of its edit was edited. */
export function editEvent(update: DiscordUpdate, place: Place, self: string): InboundEvent | undefined {
  const { author, edited_timestamp: edited, webhook_id: webhook } = update;
  if (typeof edited !== "string" || author === undefined || author.bot === true || author.id === self) return undefined;
  if (typeof webhook === "string") return undefined;
  const atMs = Date.parse(edited);
  return {
    ...changed(place, update.id),
    id: `${update.id}:edit:${edited.slice(0, NAME_MAX)}`,
    principal: principalOf(author.id),
    displayName: displayName(author, update.member?.nick),
    atMs: Number.isFinite(atMs) ? atMs : snowflakeMs(update.id),
  };
}

/** Discord does not say who deleted, nor whose message it was. */
export function deletionEvents(deletion: DiscordDeletion, place: Place, nowMs: number): readonly InboundEvent[] {
  const ids = [...(typeof deletion.id === "string" ? [deletion.id] : []), ...(deletion.ids ?? [])];
  return ids.map((id) => ({
    ...changed(place, id),
    id: `${id}:deleted`,
    principal: principalOf("unknown"),
    displayName: "",
    atMs: nowMs,
  }));
}

function changed(place: Place, id: string): Omit<InboundEvent, "id" | "principal" | "displayName" | "atMs"> {
  const { room, direct, thread } = place;
  const message = messageRef(place, id);
  return { type: "edit", room, direct, thread, message, quotes: null, text: "", addressed: false };
}

/** A reaction has no id and no time. Taking it back and setting it again is the same event. */
export function reactionEvent(
  reaction: DiscordReaction,
  place: Place,
  context: { readonly self: string; readonly nowMs: number },
): InboundEvent | undefined {
  const { user_id: user, message_id: message, member, emoji } = reaction;
  const name = emoji.name ?? "";
  if (user === context.self || member?.user?.bot === true || typeof emoji.id === "string" || name === "")
    return undefined;
  return {
    id: `${message}:${user}:${name.slice(0, NAME_MAX)}`,
    type: "reaction",
    principal: principalOf(user),
    displayName: displayName(member?.user ?? {}, member?.nick),
    room: place.room,
    direct: place.direct,
    thread: place.thread,
    message: messageRef(place, message),
    quotes: null,
    text: name,
    addressed: false,
    atMs: context.nowMs,
  };
}
