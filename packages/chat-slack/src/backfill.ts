/**
 * What was written while nobody listened: after the socket was away, the channels of the account's `backfill` setting are
 * read from the cursor on. Messages have the same ids as over the socket, so nothing is done twice.
 *
 * A channel's history holds no replies, so the threads that had some since are read as well: those whose first message
 * is among the newest two hundred of the channel, or newer than the cursor.
 */
import type { InboundEvent } from "@skein/chat";
import { err, ok, type Result } from "@skein/core";

import type { SlackApi } from "./api.ts";
import type { Failure } from "./failures.ts";
import { readPages } from "./history.ts";
import type { Identity } from "./identity.ts";
import { readHistoryMessage } from "./inbound.ts";
import type { Pauses } from "./pause.ts";
import { historyMessage } from "./payloads.ts";
import { isLater } from "./timestamp.ts";

export interface Reader {
  readonly api: SlackApi;
  readonly pauses: Pauses;
  readonly identity: Identity;
}

/** Everything that people wrote in the room after `since`, oldest first. */
export async function readMissed(
  reader: Reader,
  room: string,
  since: string,
): Promise<Result<readonly InboundEvent[], Failure>> {
  const found = new Map<string, InboundEvent>();
  const collect = (messages: readonly unknown[]): void => {
    for (const raw of messages) {
      const event = readHistoryMessage(raw, room, reader.identity);
      if (event !== undefined && isLater(event.message, since)) found.set(event.message, event);
    }
  };
  const threads = await readRoom(reader, room, since, collect);
  if (!threads.ok) return threads;
  for (const thread of threads.value) {
    const read = await readPages(reader.api, reader.pauses, {
      method: "conversations.replies",
      args: { channel: room, ts: thread, oldest: since },
      wantsMore: (messages) => {
        collect(messages);
        return true;
      },
    });
    if (!read.ok) return read;
  }
  return ok([...found.values()].toSorted((a, b) => (isLater(a.message, b.message) ? 1 : -1)));
}

/** Collects the room's own messages and gives the threads with replies that are newer. */
async function readRoom(
  { api, pauses }: Reader,
  room: string,
  since: string,
  collect: (messages: readonly unknown[]) => void,
): Promise<Result<readonly string[], Failure>> {
  const threads: string[] = [];
  const read = await readPages(api, pauses, {
    method: "conversations.history",
    // Without `oldest`: the first page is wanted in any case, for the threads that are older than the cursor.
    args: { channel: room },
    wantsMore: (messages) => {
      collect(messages);
      const known = messages.flatMap((raw) => historyMessage.safeParse(raw).data ?? []);
      threads.push(
        ...known.flatMap(({ ts, latest_reply: reply }) => (reply !== undefined && isLater(reply, since) ? [ts] : [])),
      );
      // Newest first: as soon as one is not newer than the cursor, the rest is not either.
      return known.every(({ ts }) => isLater(ts, since));
    },
  });
  return read.ok ? ok(threads) : err(read.error);
}

/** The newest message of a room now; undefined when it has none. From here on, the account has been there. */
export async function readNewest(reader: Reader, room: string): Promise<Result<string | undefined, Failure>> {
  let newest: string | undefined;
  const read = await readPages(reader.api, reader.pauses, {
    method: "conversations.history",
    args: { channel: room },
    wantsMore: (messages) => {
      for (const raw of messages) {
        const ts = historyMessage.safeParse(raw).data?.ts;
        if (ts !== undefined && (newest === undefined || isLater(ts, newest))) newest = ts;
      }
      return false;
    },
  });
  return read.ok ? ok(newest) : err(read.error);
}
