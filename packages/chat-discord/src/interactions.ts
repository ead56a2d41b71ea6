/**
 * Slash commands, buttons and completion, however they arrived. Discord waits three seconds for a first answer. That answer
 * only says that the words were kept, or that they were not; what comes of them is an ordinary message, sent by whoever sends.
 */
import type { ChatHost, InboundEvent, SlashVerb, TransportServices } from "@skein/chat";

import { z } from "zod";

import type { Ask } from "./api.ts";
import { displayName, principalOf } from "./inbound.ts";
import { type Place, placeOf, type Places } from "./places.ts";
import { messageRef } from "./refs.ts";
import { snowflakeMs } from "./snowflake.ts";
import { commandText } from "./verbs.ts";
import { type DiscordInteraction, type DiscordOption, interactionSchema } from "./wire.ts";

/** The answer to an interaction, in Discord's form. */
interface Reply {
  readonly type: number;
  readonly data?: {
    readonly content?: string;
    readonly flags?: number;
    readonly allowed_mentions?: { readonly parse: readonly string[] };
    readonly choices?: readonly { readonly name: string; readonly value: string }[];
  };
}

interface Answered {
  /** What its callback is sent to; undefined where none is expected. */
  readonly to: { readonly id: string; readonly token: string } | undefined;
  readonly reply: Reply;
}

export interface Interactions {
  /** Undefined for what is no interaction. */
  answer(raw: unknown, host: ChatHost): Promise<Answered | undefined>;
}

const PING = 1;
const SLASH = 2;
const COMPONENT = 3;
const AUTOCOMPLETE = 4;
const BUTTON = 2;

const pingSchema = z.object({ type: z.literal(PING) });
const PONG: Reply = { type: 1 };
const MESSAGE = 4;
/** Nothing changes on the screen. */
const ACKNOWLEDGED: Reply = { type: 6 };
const CHOICES = 8;
const EPHEMERAL = 64;

const CHOICES_MAX = 25;
const CHOICE_TEXT_MAX = 100;

const RECEIVED = "Received. The answer comes as a message.";
const NOT_SAVED = "Nothing was saved, so nothing will happen: this node cannot write to its disk. Please try again.";
const NOT_HEARD =
  "Nobody listens to you here: this place is not in the mesh's settings, or it does not know you. Write the bot `pair` and your code in a direct message.";
const NOT_UNDERSTOOD = "That is nothing that this bot knows.";

interface InteractionParts {
  readonly places: Places;
  /** Without patience: the person waits. */
  readonly ask: Ask;
  readonly verbs: readonly SlashVerb[];
  readonly log: TransportServices["log"];
}

export function createInteractions({ places, ask, verbs, log }: InteractionParts): Interactions {
  const placeFor = async ({ channel, channel_id: id }: DiscordInteraction): Promise<Place | null> => {
    if (channel !== null && channel !== undefined) return placeOf(channel);
    if (typeof id !== "string") return null;
    const found = await places.of(id, ask);
    return found.ok ? found.value : { room: id, thread: null, direct: false };
  };

  const keep = async (event: InboundEvent | undefined, host: ChatHost, kept: Reply): Promise<Reply> => {
    if (event === undefined) return onlyForYou(NOT_UNDERSTOOD);
    if (!host.hears(event)) return onlyForYou(NOT_HEARD);
    const received = await host.receive([event]);
    if (received.ok) return kept;
    log("warn", "discord.interaction-not-saved", { interaction: event.id, reason: received.error });
    return onlyForYou(NOT_SAVED);
  };

  const reply = async (interaction: DiscordInteraction, host: ChatHost): Promise<Reply> => {
    switch (interaction.type) {
      case AUTOCOMPLETE:
        return complete(interaction, await placeFor(interaction), host);
      case SLASH:
        return keep(slashEvent(interaction, await placeFor(interaction), verbs), host, onlyForYou(RECEIVED));
      case COMPONENT:
        return keep(buttonEvent(interaction, await placeFor(interaction)), host, ACKNOWLEDGED);
      default:
        return onlyForYou(NOT_UNDERSTOOD);
    }
  };

  return {
    answer: async (raw, host) => {
      if (pingSchema.safeParse(raw).success) return { to: undefined, reply: PONG };
      const read = interactionSchema.safeParse(raw);
      if (!read.success) return undefined;
      const { id, token } = read.data;
      return { to: { id, token }, reply: await reply(read.data, host) };
    },
  };
}

const onlyForYou = (content: string): Reply => ({
  type: MESSAGE,
  data: { content, flags: EPHEMERAL, allowed_mentions: { parse: [] } },
});

function slashEvent(
  interaction: DiscordInteraction,
  place: Place | null,
  verbs: readonly SlashVerb[],
): InboundEvent | undefined {
  const text = commandText(interaction.data?.options ?? [], verbs);
  return text === "" ? undefined : event(interaction, place, { type: "slash", text, message: "" });
}

function buttonEvent(interaction: DiscordInteraction, place: Place | null): InboundEvent | undefined {
  const { data, message } = interaction;
  if (data?.component_type !== BUTTON || typeof data.custom_id !== "string" || place === null) return undefined;
  if (message === null || message === undefined) return undefined;
  return event(interaction, place, { type: "button", text: data.custom_id, message: messageRef(place, message.id) });
}

function event(
  { id, member, user }: DiscordInteraction,
  place: Place | null,
  what: Pick<InboundEvent, "type" | "text" | "message">,
): InboundEvent | undefined {
  const person = member?.user ?? user;
  if (person === null || person === undefined || place === null) return undefined;
  return {
    id,
    principal: principalOf(person.id),
    displayName: displayName(person, member?.nick),
    room: place.room,
    direct: place.direct,
    thread: place.thread,
    quotes: null,
    addressed: true,
    atMs: snowflakeMs(id),
    ...what,
  };
}

/** The person sees these and nobody else; nothing is kept. The host decides whether they may see any. */
function complete({ data, member, user }: DiscordInteraction, place: Place | null, host: ChatHost): Reply {
  const beginning = String(focused(data?.options ?? [])?.value ?? "");
  const person = member?.user ?? user;
  const isSomebody = person !== null && person !== undefined && place !== null;
  const choices = isSomebody
    ? host.complete(beginning, { principal: principalOf(person.id), room: place.room, direct: place.direct })
    : [];
  const named = choices.slice(0, CHOICES_MAX).map(({ value, label }) => ({
    name: (label === "" ? value : label).slice(0, CHOICE_TEXT_MAX),
    value: value.slice(0, CHOICE_TEXT_MAX),
  }));
  return { type: CHOICES, data: { choices: named } };
}

function focused(options: readonly DiscordOption[]): DiscordOption | undefined {
  return options
    .flatMap((option) => [option, ...(option.options ?? [])])
    .find(({ focused: isFocused }) => isFocused === true);
}
