/**
 * What Slack says happened, as events of the port. Pure. Everything that decides who somebody is or what they said goes by
 * ids and by the text alone: no names, no attachments, nothing that a bot or an edit brought.
 */
import type { InboundEvent, Trouble } from "@skein/chat";

import { emojiNamed } from "./emoji.ts";
import { readTyped } from "./entities.ts";
import type { Identity } from "./identity.ts";
import {
  blockActions,
  eventCallback,
  type EventCallback,
  historyMessage,
  type MessageEvent,
  messageEvent,
  reactionEvent,
  slashCommand,
  tokensRevoked,
  type Written,
} from "./payloads.ts";
import { ACTION_ID } from "./render.ts";
import { toMs } from "./timestamp.ts";

/** Whose payloads are meant for this account. */
export interface Recipient {
  readonly identity: Identity;
  /** The app's id, when the settings name it. */
  readonly app: string | undefined;
}

export type Reading =
  /** Possibly none: most of what a workspace says is nothing to act on. */
  | { readonly type: "events"; readonly events: readonly InboundEvent[]; readonly ts: string | undefined }
  | { readonly type: "trouble"; readonly problem: Trouble }
  /** Genuine, and for another app or workspace. */
  | { readonly type: "foreign"; readonly of: "app" | "team" };

const nothing: Reading = { type: "events", events: [], ts: undefined };
const only = (event: InboundEvent, ts?: string): Reading => ({ type: "events", events: [event], ts });

/** Slack's own helper, whose reminders say what anybody told them to. */
const SLACKBOT = "USLACKBOT";
/** The team of somebody in a shared channel of whom Slack does not say where they belong. No workspace is called so. */
const SOMEWHERE_ELSE = "external";

// ── events ──────────────────────────────────────────────────────────────────────────────────────────────────────────

export function readEventCallback(payload: unknown, recipient: Recipient): Reading {
  const parsed = eventCallback.safeParse(payload);
  if (!parsed.success) return nothing;
  const callback = parsed.data;
  const foreign = foreignness(recipient, callback.api_app_id, [
    callback.team_id,
    callback.context_team_id,
    ...(callback.authorizations ?? []).flatMap((one) => [one.team_id, one.enterprise_id]),
  ]);
  if (foreign !== undefined) return foreign;
  switch (callback.event.type) {
    case "message":
    case "app_mention":
      return readMessageEvent(callback, recipient.identity);
    case "reaction_added":
      return readReaction(callback, recipient.identity);
    case "app_uninstalled":
      return uninstalled("the app was removed from the workspace; install it again");
    case "tokens_revoked":
      return readRevocation(callback.event, recipient.identity);
    default:
      return nothing;
  }
}

/** A payload without any team says nothing against being ours: its signature or its socket already does. */
function foreignness(
  { identity, app }: Recipient,
  payloadApp: string | undefined,
  teams: readonly (string | null | undefined)[],
): Reading | undefined {
  if (app !== undefined && payloadApp !== undefined && payloadApp !== app) return { type: "foreign", of: "app" };
  const named = teams.filter((team) => typeof team === "string");
  const isOurs = named.some((team) => team === identity.team || team === identity.enterprise);
  return named.length === 0 || isOurs ? undefined : { type: "foreign", of: "team" };
}

function readMessageEvent(callback: EventCallback, identity: Identity): Reading {
  const parsed = messageEvent.safeParse(callback.event);
  if (!parsed.success) return nothing;
  const event = parsed.data;
  const place = { room: event.channel, external: callback.is_ext_shared_channel === true };
  switch (event.subtype) {
    case "message_changed":
      return readChange(event, place, identity);
    case "message_deleted":
      return readDeletion(event, place, identity);
    default: {
      if (event.hidden === true) return nothing;
      const message = readMessage({ ...event, ts: event.ts }, place, identity);
      return message === undefined ? nothing : only(message, event.ts);
    }
  }
}

interface Place {
  readonly room: string;
  /** Shared with other companies. */
  readonly external: boolean;
}

/** Replies that were also sent to the channel, and files with a text, are messages like any other. */
const TYPED_SUBTYPES: ReadonlySet<string | undefined> = new Set([undefined, "thread_broadcast", "file_share"]);

function readMessage(
  message: Written & { readonly ts: string },
  place: Place,
  identity: Identity,
): InboundEvent | undefined {
  const author = personOf(message, identity);
  if (author === undefined || !TYPED_SUBTYPES.has(message.subtype)) return undefined;
  const { text, mentioned } = readTyped(message.text ?? "", identity.user);
  // Only a file, or only somebody else's message passed on.
  if (text === "" && !mentioned) return undefined;
  return {
    id: `${identity.team}/${place.room}/${message.ts}`,
    type: "message",
    principal: principalOf(author, message, place, identity),
    displayName: author,
    room: place.room,
    direct: isDirect(place.room),
    thread: threadOf(message.thread_ts, message.ts),
    message: message.ts,
    quotes: null,
    text,
    addressed: mentioned,
    atMs: toMs(message.ts),
  };
}

/** The person who typed it; undefined when nobody did. */
function personOf(message: Written, identity: Identity): string | undefined {
  const { user, bot_id: bot, bot_profile: profile, app_id: app } = message;
  if (user === undefined || user === SLACKBOT || user === identity.user) return undefined;
  return [bot, profile, app].every((mark) => mark === undefined || mark === null) ? user : undefined;
}

/** A user id means something only together with the workspace that it is of. */
function principalOf(user: string, message: Written, place: Place, identity: Identity): string {
  const said = message.user_team ?? message.source_team ?? message.team;
  return `slack:${said ?? (place.external ? SOMEWHERE_ELSE : identity.team)}/${user}`;
}

/** Ids of direct conversations start with D; `channel_type` is missing in some events. */
const isDirect = (room: string): boolean => room.startsWith("D");
const threadOf = (thread: string | undefined, own: string): string | null =>
  thread === undefined || thread === own ? null : thread;

/** Links that unfold, replies that are counted and our own status cards change messages too: only a person's words count. */
function readChange(event: MessageEvent, place: Place, identity: Identity): Reading {
  const changed = event.message;
  if (changed?.ts === undefined) return nothing;
  if (changed.subtype === "tombstone") return readDeletion({ ...event, deleted_ts: changed.ts }, place, identity);
  const author = personOf(changed, identity);
  if (author === undefined || changed.text === event.previous_message?.text) return nothing;
  return edit({
    id: `${identity.team}/${place.room}/${changed.ts}/${changed.edited?.ts ?? event.ts}`,
    author,
    written: changed,
    message: changed.ts,
    text: readTyped(changed.text ?? "", identity.user).text,
    atTs: event.ts,
    place,
    identity,
  });
}

function readDeletion(event: MessageEvent, place: Place, identity: Identity): Reading {
  const deleted = event.previous_message;
  if (deleted === undefined || event.deleted_ts === undefined) return nothing;
  const author = personOf(deleted, identity);
  if (author === undefined) return nothing;
  return edit({
    id: `${identity.team}/${place.room}/${event.deleted_ts}/deleted`,
    author,
    written: deleted,
    message: event.deleted_ts,
    text: "",
    atTs: event.ts,
    place,
    identity,
  });
}

interface Edit {
  readonly id: string;
  readonly author: string;
  readonly written: Written;
  readonly message: string;
  readonly text: string;
  readonly atTs: string;
  readonly place: Place;
  readonly identity: Identity;
}

const edit = ({ id, author, written, message, text, atTs, place, identity }: Edit): Reading =>
  only({
    id,
    type: "edit",
    principal: principalOf(author, written, place, identity),
    displayName: author,
    room: place.room,
    direct: isDirect(place.room),
    thread: threadOf(written.thread_ts, message),
    message,
    quotes: null,
    text,
    addressed: false,
    atMs: toMs(atTs),
  });

function readReaction(callback: EventCallback, identity: Identity): Reading {
  const parsed = reactionEvent.safeParse(callback.event);
  if (!parsed.success) return nothing;
  const { user, user_team: userTeam, reaction, item, event_ts: eventTs } = parsed.data;
  if (user === identity.user || user === SLACKBOT) return nothing;
  const place = { room: item.channel, external: callback.is_ext_shared_channel === true };
  return only({
    id: callback.event_id,
    type: "reaction",
    principal: principalOf(user, { user_team: userTeam }, place, identity),
    displayName: user,
    room: item.channel,
    direct: isDirect(item.channel),
    thread: null,
    message: item.ts,
    quotes: null,
    text: emojiNamed(reaction),
    addressed: false,
    atMs: toMs(eventTs ?? item.ts),
  });
}

function readRevocation(event: unknown, identity: Identity): Reading {
  const parsed = tokensRevoked.safeParse(event);
  const isOurs = parsed.success && parsed.data.tokens.bot?.includes(identity.user) === true;
  return isOurs
    ? uninstalled("the bot token was revoked; install the app again and put the new token in place")
    : nothing;
}

const uninstalled = (message: string): Reading => ({ type: "trouble", problem: { severity: "fatal", message } });

// ── history ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * A message that was read from a channel's history. It is the same event as the one that was sent, or would have been. One
 * that was changed since is left out: what it said first is not known, and a changed text executes nothing.
 */
export function readHistoryMessage(raw: unknown, room: string, identity: Identity): InboundEvent | undefined {
  const parsed = historyMessage.safeParse(raw);
  if (!parsed.success || parsed.data.edited !== undefined) return undefined;
  // History does not say whether the channel is shared, so a message has to say itself where its author belongs.
  return readMessage(parsed.data, { room, external: true }, identity);
}

// ── slash commands and buttons ──────────────────────────────────────────────────────────────────────────────────────

/** What the payload does not say by itself. */
export interface Arrival {
  /** Stands in for an id that Slack left out. */
  readonly id: string;
  readonly atMs: number;
}

export function readSlashCommand(payload: unknown, recipient: Recipient, arrival: Arrival): Reading {
  const parsed = slashCommand.safeParse(payload);
  if (!parsed.success) return nothing;
  const command = parsed.data;
  const foreign = foreignness(recipient, command.api_app_id, [command.team_id, command.enterprise_id]);
  if (foreign !== undefined) return foreign;
  return only({
    id: command.trigger_id ?? arrival.id,
    type: "slash",
    principal: `slack:${command.team_id}/${command.user_id}`,
    displayName: command.user_name || command.user_id,
    room: command.channel_id,
    direct: isDirect(command.channel_id),
    thread: null,
    message: "",
    quotes: null,
    text: readTyped(command.text, recipient.identity.user).text,
    addressed: true,
    atMs: arrival.atMs,
  });
}

export function readInteraction(payload: unknown, recipient: Recipient, arrival: Arrival): Reading {
  const parsed = blockActions.safeParse(payload);
  if (!parsed.success) return nothing;
  const click = parsed.data;
  const foreign = foreignness(recipient, click.api_app_id, [click.team?.id, click.enterprise?.id]);
  if (foreign !== undefined) return foreign;
  const room = click.channel?.id ?? click.container.channel_id;
  // A click is one button; more than one action comes from elements that this app never makes.
  const pressed = click.actions.find(({ type, action_id }) => type === "button" && ACTION_ID.test(action_id));
  if (room === undefined || pressed?.value === undefined) return nothing;
  const { user, container } = click;
  return only({
    id: click.trigger_id ?? arrival.id,
    type: "button",
    principal: `slack:${user.team_id ?? click.team?.id ?? SOMEWHERE_ELSE}/${user.id}`,
    displayName: user.name ?? user.username ?? user.id,
    room,
    direct: isDirect(room),
    thread: threadOf(click.message?.thread_ts ?? container.thread_ts, container.message_ts),
    message: container.message_ts,
    quotes: null,
    text: pressed.value,
    addressed: true,
    atMs: pressed.action_ts === undefined ? arrival.atMs : toMs(pressed.action_ts),
  });
}
