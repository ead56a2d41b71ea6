/**
 * What Discord sends, as far as it is read. The platform's answers are data from outside like any other: what does not
 * have this form is not read at all.
 */
import { z } from "zod";

import { snowflake } from "./snowflake.ts";

const TEXT_MAX = 10_000;
const LIST_MAX = 10_000;

const text = z.string().max(TEXT_MAX);

const user = z.object({
  id: snowflake,
  username: text.nullish(),
  global_name: text.nullish(),
  bot: z.boolean().nullish(),
  system: z.boolean().nullish(),
});

export const userSchema: z.ZodType<DiscordUser> = user;
export type DiscordUser = z.output<typeof user>;

const member = z.object({ nick: text.nullish(), user: user.nullish() });

const message = z.object({
  id: snowflake,
  channel_id: snowflake,
  guild_id: snowflake.nullish(),
  type: z.number().int(),
  author: user,
  member: member.nullish(),
  content: text,
  edited_timestamp: text.nullish(),
  webhook_id: snowflake.nullish(),
  mentions: z
    .array(z.object({ id: snowflake }))
    .max(LIST_MAX)
    .nullish(),
  message_reference: z
    .object({ type: z.number().int().nullish(), message_id: snowflake.nullish(), channel_id: snowflake.nullish() })
    .nullish(),
  message_snapshots: z.array(z.unknown()).max(LIST_MAX).nullish(),
});

export const messageSchema: z.ZodType<DiscordMessage> = message;
export type DiscordMessage = z.output<typeof message>;

/** An edit says what changed; the rest may be missing. */
const update = message.partial().required({ id: true, channel_id: true });
export const updateSchema: z.ZodType<DiscordUpdate> = update;
export type DiscordUpdate = z.output<typeof update>;

const deletion = z.object({
  id: snowflake.nullish(),
  ids: z.array(snowflake).max(LIST_MAX).nullish(),
  channel_id: snowflake,
  guild_id: snowflake.nullish(),
});
export const deletionSchema: z.ZodType<DiscordDeletion> = deletion;
export type DiscordDeletion = z.output<typeof deletion>;

const reaction = z.object({
  user_id: snowflake,
  channel_id: snowflake,
  message_id: snowflake,
  guild_id: snowflake.nullish(),
  member: member.nullish(),
  emoji: z.object({ id: snowflake.nullish(), name: text.nullish() }),
});
export const reactionSchema: z.ZodType<DiscordReaction> = reaction;
export type DiscordReaction = z.output<typeof reaction>;

const channel = z.object({
  id: snowflake,
  type: z.number().int(),
  guild_id: snowflake.nullish(),
  parent_id: snowflake.nullish(),
  last_message_id: snowflake.nullish(),
});
export const channelSchema: z.ZodType<DiscordChannel> = channel;
export type DiscordChannel = z.output<typeof channel>;

/** One odd channel does not hide the others. */
const channelList = z.array(channel.nullable().catch(null)).max(LIST_MAX);
export const channelsSchema: z.ZodType<readonly (DiscordChannel | null)[]> = channelList;

const guild = z.object({
  id: snowflake,
  channels: channelList.nullish(),
  threads: channelList.nullish(),
});
export const guildSchema: z.ZodType<DiscordGuild> = guild;
export type DiscordGuild = z.output<typeof guild>;

const ready = z.object({
  session_id: text,
  resume_gateway_url: text,
  user: z.object({ id: snowflake }),
});
export const readySchema: z.ZodType<DiscordReady> = ready;
export type DiscordReady = z.output<typeof ready>;

const gatewayBot = z.object({
  session_start_limit: z.object({ remaining: z.number(), reset_after: z.number() }),
});
export const gatewayBotSchema: z.ZodType<GatewayBot> = gatewayBot;
export type GatewayBot = z.output<typeof gatewayBot>;

export interface DiscordOption {
  readonly type: number;
  readonly name: string;
  readonly value?: string | number | boolean | null | undefined;
  readonly focused?: boolean | null | undefined;
  readonly options?: readonly DiscordOption[] | null | undefined;
}

const option: z.ZodType<DiscordOption> = z.lazy(() =>
  z.object({
    type: z.number().int(),
    name: text,
    value: z.union([text, z.number(), z.boolean()]).nullish(),
    focused: z.boolean().nullish(),
    options: z.array(option).max(25).nullish(),
  }),
);

const interaction = z.object({
  id: snowflake,
  token: text,
  type: z.number().int(),
  channel_id: snowflake.nullish(),
  channel: channel.nullish().catch(null),
  guild_id: snowflake.nullish(),
  member: member.nullish(),
  user: user.nullish(),
  message: z.object({ id: snowflake }).nullish(),
  data: z
    .object({
      name: text.nullish(),
      type: z.number().int().nullish(),
      custom_id: text.nullish(),
      component_type: z.number().int().nullish(),
      options: z.array(option).max(25).nullish(),
    })
    .nullish(),
});
export const interactionSchema: z.ZodType<DiscordInteraction> = interaction;
export type DiscordInteraction = z.output<typeof interaction>;
