/**
 * After an uncertain send: is the message there? It is looked for by the key in its metadata, among this bot's own messages
 * only, since everybody can read the metadata and put the same into theirs.
 */
import type { OutgoingMessage, SendOutcome } from "@skein/chat";
import { z } from "zod";

import type { SlackApi } from "./api.ts";
import { readPages } from "./history.ts";
import type { Identity, WhoAmI } from "./identity.ts";
import { EVENT_TYPE, onlyReader } from "./outgoing.ts";
import type { Pauses } from "./pause.ts";
import { toTs, TS_PATTERN } from "./timestamp.ts";

/** This node's clock and Slack's may differ by so much. */
const SKEW_MS = 10 * 60_000;
/** A request whose answer was lost may still be at work at Slack. */
const SETTLE_MS = 3_000;

export interface FindOptions {
  readonly api: SlackApi;
  readonly whoAmI: WhoAmI;
  readonly pauses: Pauses;
}

export async function findSent(options: FindOptions, message: OutgoingMessage, sinceMs: number): Promise<SendOutcome> {
  if (onlyReader(message) !== undefined) {
    return { type: "uncertain", reason: "Slack keeps no history of what only one person sees" };
  }
  const first = await look(options, message, sinceMs);
  if (first.type !== "refused") return first;
  await options.pauses.pause(SETTLE_MS);
  if (options.pauses.isStopped())
    return { type: "uncertain", reason: "the account was closed while it was looked for" };
  return look(options, message, sinceMs);
}

async function look(options: FindOptions, message: OutgoingMessage, sinceMs: number): Promise<SendOutcome> {
  const me = await options.whoAmI();
  if (!me.ok) return { type: "uncertain", reason: me.error.reason };
  let found: string | undefined;
  const oldest = toTs(sinceMs - SKEW_MS);
  const inThread = message.thread !== null;
  const read = await readPages(options.api, options.pauses, {
    method: inThread ? "conversations.replies" : "conversations.history",
    args: {
      channel: message.room,
      ...(inThread ? { ts: message.thread } : {}),
      oldest,
      include_all_metadata: true,
    },
    wantsMore: (messages) => {
      found ??= messages.map((one) => tsIfSent(one, message.key, me.value)).find((ts) => ts !== undefined);
      return found === undefined;
    },
  });
  if (found !== undefined) return { type: "sent", message: found };
  if (!read.ok) return { type: "uncertain", reason: read.error.reason };
  return { type: "refused", reason: "Slack does not have the message" };
}

const ours = z.object({
  ts: z.string().regex(TS_PATTERN),
  user: z.string().optional(),
  bot_id: z.string().optional(),
  metadata: z.object({ event_type: z.literal(EVENT_TYPE), event_payload: z.object({ key: z.string() }) }),
});

function tsIfSent(raw: unknown, key: string, identity: Identity): string | undefined {
  const parsed = ours.safeParse(raw);
  if (!parsed.success || parsed.data.metadata.event_payload.key !== key) return undefined;
  const { user, bot_id: bot, ts } = parsed.data;
  return user === identity.user || (bot !== undefined && bot === identity.bot) ? ts : undefined;
}
