/** One dispatch of the gateway, as events of the mesh. What it says of channels is remembered on the way. */
import type { InboundEvent, TransportServices } from "@skein/chat";
import { ok, type Result } from "@skein/core";

import type { ApiFailure, Ask } from "./api.ts";
import type { Dispatch } from "./gateway-link.ts";
import { deletionEvents, editEvent, messageEvent, reactionEvent } from "./inbound.ts";
import type { Place, Places } from "./places.ts";
import {
  channelSchema,
  channelsSchema,
  deletionSchema,
  type DiscordChannel,
  guildSchema,
  messageSchema,
  reactionSchema,
  updateSchema,
} from "./wire.ts";

interface Translated {
  readonly events: readonly InboundEvent[];
  /** The message that it was about when it is a new one, also when it is no event. */
  readonly newest?: string;
}

export interface TranslateContext {
  readonly places: Places;
  /** The bot's user id. */
  readonly self: string;
  readonly nowMs: () => number;
  /** For channels that nobody spoke of. */
  readonly ask: Ask;
  readonly log: TransportServices["log"];
}

type Translation = Result<Translated, ApiFailure>;

const NOTHING: Translated = { events: [] };

export async function translate({ name, data }: Dispatch, context: TranslateContext): Promise<Translation> {
  switch (name) {
    case "GUILD_CREATE":
      learnGuild(data, context.places);
      return ok(NOTHING);
    case "CHANNEL_CREATE":
    case "THREAD_CREATE":
      learnAll([channelSchema.safeParse(data).data], context.places);
      return ok(NOTHING);
    case "THREAD_LIST_SYNC":
      learnAll(threadsIn(data), context.places);
      return ok(NOTHING);
    case "MESSAGE_CREATE":
      return created(data, context);
    case "MESSAGE_UPDATE":
      return updated(data, context);
    case "MESSAGE_DELETE":
    case "MESSAGE_DELETE_BULK":
      return deleted(data, context);
    case "MESSAGE_REACTION_ADD":
      return reacted(data, context);
    default:
      return ok(NOTHING);
  }
}

function learnGuild(data: unknown, places: Places): void {
  const read = guildSchema.safeParse(data);
  if (!read.success) return;
  learnAll(read.data.channels ?? [], places);
  learnAll(read.data.threads ?? [], places);
}

function learnAll(channels: readonly (DiscordChannel | null | undefined)[], places: Places): void {
  for (const channel of channels) if (channel) places.learn(channel);
}

export function threadsIn(data: unknown): readonly (DiscordChannel | null)[] {
  const threads = typeof data === "object" && data !== null && "threads" in data ? data.threads : undefined;
  return channelsSchema.safeParse(threads).data ?? [];
}

const placeFor = (
  { channel_id: channel }: { readonly channel_id: string },
  { places, ask }: TranslateContext,
): Promise<Result<Place, ApiFailure>> => places.of(channel, ask);

/** Not of the form that is read: nobody can do anything about it, but it is not passed over in silence. */
function unreadable(name: string, { log }: TranslateContext): Translation {
  log("warn", "discord.unreadable", { name });
  return ok(NOTHING);
}

const some = (event: InboundEvent | undefined): readonly InboundEvent[] => (event === undefined ? [] : [event]);

async function created(data: unknown, context: TranslateContext): Promise<Translation> {
  const read = messageSchema.safeParse(data);
  if (!read.success) return unreadable("MESSAGE_CREATE", context);
  const place = await placeFor(read.data, context);
  if (!place.ok) return place;
  return ok({ events: some(messageEvent(read.data, place.value, context.self)), newest: read.data.id });
}

async function updated(data: unknown, context: TranslateContext): Promise<Translation> {
  const read = updateSchema.safeParse(data);
  if (!read.success) return unreadable("MESSAGE_UPDATE", context);
  const place = await placeFor(read.data, context);
  return place.ok ? ok({ events: some(editEvent(read.data, place.value, context.self)) }) : place;
}

async function deleted(data: unknown, context: TranslateContext): Promise<Translation> {
  const read = deletionSchema.safeParse(data);
  if (!read.success) return unreadable("MESSAGE_DELETE", context);
  const place = await placeFor(read.data, context);
  return place.ok ? ok({ events: deletionEvents(read.data, place.value, context.nowMs()) }) : place;
}

async function reacted(data: unknown, context: TranslateContext): Promise<Translation> {
  const read = reactionSchema.safeParse(data);
  if (!read.success) return unreadable("MESSAGE_REACTION_ADD", context);
  const place = await placeFor(read.data, context);
  if (!place.ok) return place;
  const { self, nowMs } = context;
  return ok({ events: some(reactionEvent(read.data, place.value, { self, nowMs: nowMs() })) });
}
