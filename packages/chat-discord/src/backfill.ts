/**
 * After a session was lost: asks the configured channels, their active threads and the direct conversations that were seen
 * for every message since the last durable one. The same messages have the same ids as over the gateway, so what comes twice
 * is recognized.
 */
import type { ChatHost, TransportContext } from "@skein/chat";
import { err, ok, type Result } from "@skein/core";
import { z } from "zod";

import type { ApiFailure, Ask } from "./api.ts";
import type { Cursor } from "./cursor.ts";
import { messageEvent } from "./inbound.ts";
import type { Places } from "./places.ts";
import { earlier, newer } from "./snowflake.ts";
import { threadsIn } from "./translate.ts";
import { channelSchema, type DiscordMessage, messageSchema } from "./wire.ts";

export interface BackfillParts {
  /** With patience. */
  readonly ask: Ask;
  readonly places: Places;
  readonly host: ChatHost;
  readonly log: TransportContext["log"];
  /** A channel of the configuration that the bot may not read. */
  readonly onClosed: (channel: string, reason: string) => void;
  readonly channels: readonly string[];
  /** The bot's user id. */
  readonly self: string;
}

/** A message that is older than one of another channel may have come after it. */
const OVERLAP_MS = 60_000;
const PAGE = 100;
const THREADS_MAX = 500;

/** The newest message that was found, if any; or why it has to be tried again. */
export async function backfill(
  parts: BackfillParts,
  { watermark, floor }: Cursor,
): Promise<Result<string | undefined, string>> {
  if (watermark === undefined || floor === undefined) return ok(undefined);
  const after = earlier(watermark, OVERLAP_MS, floor);
  const threads = await activeThreads(parts, after);
  if (!threads.ok) return err(threads.error.reason);
  let newest: string | undefined;
  for (const channel of new Set([...parts.channels, ...threads.value, ...parts.places.direct()])) {
    const found = await backfillChannel(parts, channel, after);
    if (!found.ok) return found;
    newest = newer(newest, found.value);
  }
  return ok(newest);
}

/** Newest messages of the channels, and the channels themselves where there is none: what is newer concerns the bot. */
export async function newestNow(
  parts: Pick<BackfillParts, "ask" | "channels" | "onClosed">,
): Promise<Result<string | undefined, ApiFailure>> {
  let newest: string | undefined;
  for (const id of parts.channels) {
    const answer = await parts.ask("GET", `/channels/${id}`);
    if (!answer.ok && !isClosedTo(answer.error)) return answer;
    if (!answer.ok) parts.onClosed(id, answer.error.reason);
    const read = channelSchema.safeParse(answer.ok ? answer.value : undefined);
    if (read.success) newest = newer(newest, read.data.last_message_id ?? read.data.id);
  }
  return ok(newest);
}

/** The bot may not see it, or it is gone. Anything else is tried again. */
const isClosedTo = (failure: ApiFailure): boolean =>
  failure.type === "refused" && (failure.status === 403 || failure.status === 404);

async function activeThreads(parts: BackfillParts, after: string): Promise<Result<readonly string[], ApiFailure>> {
  const guilds = new Set<string>();
  for (const id of parts.channels) {
    const answer = await parts.ask("GET", `/channels/${id}`);
    if (!answer.ok && !isClosedTo(answer.error)) return answer;
    if (!answer.ok) parts.onClosed(id, answer.error.reason);
    const guild = channelSchema.safeParse(answer.ok ? answer.value : undefined).data?.guild_id;
    if (typeof guild === "string") guilds.add(guild);
  }
  const threads: string[] = [];
  for (const guild of guilds) {
    const answer = await parts.ask("GET", `/guilds/${guild}/threads/active`);
    if (!answer.ok && !isClosedTo(answer.error)) return answer;
    for (const thread of threadsIn(answer.ok ? answer.value : undefined)) {
      if (thread === null || !parts.channels.includes(thread.parent_id ?? "")) continue;
      parts.places.learn(thread);
      // One in which nothing was said since then need not be asked.
      const last = newer(thread.id, thread.last_message_id ?? undefined) ?? thread.id;
      if (BigInt(last) > BigInt(after)) threads.push(thread.id);
    }
  }
  return ok(threads.slice(0, THREADS_MAX));
}

async function backfillChannel(
  parts: BackfillParts,
  channel: string,
  since: string,
): Promise<Result<string | undefined, string>> {
  let after = since;
  for (;;) {
    const page = await readPage(parts, channel, after);
    if (!page.ok) return page;
    const place = await parts.places.of(channel, parts.ask);
    if (!place.ok) return err(place.error.reason);
    const { messages, isFull } = page.value;
    const events = messages.flatMap((message) => messageEvent(message, place.value, parts.self) ?? []);
    const received = events.length === 0 ? ok(undefined) : await parts.host.receive(events);
    if (!received.ok) return received;
    const last = messages.at(-1)?.id ?? after;
    const hasMore = isFull && BigInt(last) > BigInt(after);
    after = last;
    if (!hasMore) return ok(after === since ? undefined : after);
  }
}

const pageSchema = z.array(messageSchema.nullable().catch(null)).max(PAGE);

/** Oldest first. A channel that the bot may no longer read has nothing to say. */
async function readPage(
  { ask, log }: BackfillParts,
  channel: string,
  after: string,
): Promise<Result<{ readonly messages: readonly DiscordMessage[]; readonly isFull: boolean }, string>> {
  const answer = await ask("GET", `/channels/${channel}/messages`, { query: { after, limit: String(PAGE) } });
  if (!answer.ok && isClosedTo(answer.error)) {
    log("warn", "discord.channel-unreadable", { channel, reason: answer.error.reason });
    return ok({ messages: [], isFull: false });
  }
  if (!answer.ok) return err(answer.error.reason);
  const read = pageSchema.safeParse(answer.value);
  if (!read.success) return err("Discord's answer could not be read");
  const messages = read.data.filter((message) => message !== null);
  if (messages.length < read.data.length) log("warn", "discord.unreadable", { name: "message", channel });
  return ok({
    messages: messages.toSorted((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1)),
    isFull: read.data.length === PAGE,
  });
}
