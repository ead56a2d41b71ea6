/**
 * What Slack sends, as far as anything is read from it. All of it is checked: a signature says where a payload comes from,
 * not that it has the form of last year. What fits none of these is acknowledged and left alone.
 */
import { z } from "zod";

import { TS_PATTERN } from "./timestamp.ts";

const slackId = z.string().regex(/^[A-Z0-9]{1,32}$/);
const ts = z.string().regex(TS_PATTERN);
/** Slack cuts texts at 40,000 characters; escaped, each may become five. */
const text = z.string().max(200_000);
const opaqueId = z.string().min(1).max(200);

// ── events ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A message as it is in an event, inside an edit, and in a channel's history. */
const written = z.object({
  user: slackId.optional(),
  text: text.optional(),
  ts: ts.optional(),
  thread_ts: ts.optional(),
  subtype: z.string().optional(),
  /** Any of these three: no person typed it. */
  bot_id: z.unknown().optional(),
  bot_profile: z.unknown().optional(),
  app_id: z.unknown().optional(),
  team: slackId.nullish(),
  user_team: slackId.nullish(),
  source_team: slackId.nullish(),
  edited: z.object({ user: slackId.optional(), ts: ts.optional() }).optional(),
});
export type Written = z.infer<typeof written>;

export const historyMessage = written.extend({
  ts,
  latest_reply: ts.optional(),
});

export const historyPage = z.object({
  messages: z.array(z.unknown()).max(2_000),
  response_metadata: z.object({ next_cursor: z.string().max(1_000).optional() }).optional(),
});

/** `message` and `app_mention`. */
export const messageEvent = written.extend({
  type: z.enum(["message", "app_mention"]),
  channel: slackId,
  ts,
  channel_type: z.string().optional(),
  hidden: z.boolean().optional(),
  message: written.optional(),
  previous_message: written.optional(),
  deleted_ts: ts.optional(),
});
export type MessageEvent = z.infer<typeof messageEvent>;

export const reactionEvent = z.object({
  type: z.literal("reaction_added"),
  user: slackId,
  user_team: slackId.nullish(),
  reaction: z.string().min(1).max(200),
  item: z.object({ type: z.literal("message"), channel: slackId, ts }),
  event_ts: ts.optional(),
});

export const tokensRevoked = z.object({
  type: z.literal("tokens_revoked"),
  tokens: z.object({ bot: z.array(z.string()).optional() }),
});

export const eventCallback = z.object({
  type: z.literal("event_callback"),
  team_id: slackId.nullish(),
  api_app_id: slackId.optional(),
  event_id: opaqueId,
  event: z.looseObject({ type: z.string() }),
  /** The channel is shared with people of other companies. */
  is_ext_shared_channel: z.boolean().optional(),
  context_team_id: slackId.nullish(),
  authorizations: z.array(z.object({ team_id: slackId.nullish(), enterprise_id: slackId.nullish() })).nullish(),
});
export type EventCallback = z.infer<typeof eventCallback>;

export const urlVerification = z.object({ type: z.literal("url_verification"), challenge: z.string().max(1_000) });

export const rateLimited = z.object({ type: z.literal("app_rate_limited"), team_id: slackId.optional() });

// ── slash commands and buttons ──────────────────────────────────────────────────────────────────────────────────────

export const slashCommand = z.object({
  command: z.string().max(200),
  text: text.default(""),
  team_id: slackId,
  enterprise_id: slackId.optional(),
  api_app_id: slackId.optional(),
  channel_id: slackId,
  user_id: slackId,
  user_name: z.string().max(500).default(""),
  trigger_id: opaqueId.optional(),
});

export const blockActions = z.object({
  type: z.literal("block_actions"),
  api_app_id: slackId.optional(),
  trigger_id: opaqueId.optional(),
  team: z.object({ id: slackId }).nullish(),
  enterprise: z.object({ id: slackId }).nullish(),
  user: z.object({
    id: slackId,
    team_id: slackId.optional(),
    name: z.string().max(500).optional(),
    username: z.string().max(500).optional(),
  }),
  channel: z.object({ id: slackId }).nullish(),
  container: z.object({
    type: z.literal("message"),
    message_ts: ts,
    channel_id: slackId.optional(),
    thread_ts: ts.optional(),
  }),
  message: z.object({ thread_ts: ts.optional() }).nullish(),
  actions: z
    .array(
      z.object({
        type: z.string(),
        action_id: z.string().max(255),
        value: z.string().max(2_000).optional(),
        action_ts: ts.optional(),
      }),
    )
    .max(100),
});
