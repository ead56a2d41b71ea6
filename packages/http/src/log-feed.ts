/**
 * An attempt's log as it grows, as server-sent events: pieces of it, one behind the other, until the attempt has ended.
 *
 *     data: {"epoch":1,"node":"…","offset":0,"text":"…","nextOffset":5,"ended":false}
 *     event: problem  data: {"code":"…","message":"…"}      it cannot be read on; the feed ends
 *
 * The log is looked at while somebody reads, and waited for no longer than the reader takes what there is.
 */
import type { CommandError, Result } from "@skein/core";
import type { LogChunk, NodeApi } from "@skein/node";
import { HTTP_LIMITS } from "./limits.ts";
import { commandErrorReply, type Feed, type Reply } from "./reply.ts";

/** How many feeds are open; each looks at a log again and again. */
export interface FeedSlots {
  open: number;
}

export interface LogQuery {
  readonly item: string;
  readonly epoch?: number;
  readonly offset: number;
}

export async function logFeed(api: NodeApi, query: LogQuery, slots: FeedSlots): Promise<Reply> {
  if (slots.open >= HTTP_LIMITS.feeds) {
    const message = `${slots.open} readers follow logs on this node already. Close one, or read without following.`;
    return commandErrorReply({ code: "unavailable", message });
  }
  // Taken before anything is waited for: many who ask at once are counted too. The feed gives it back.
  slots.open += 1;
  let first: Awaited<ReturnType<NodeApi["readLog"]>> | undefined;
  try {
    first = await api.readLog(query);
  } finally {
    if (first?.ok !== true) slots.open -= 1;
  }
  if (!first.ok) return commandErrorReply(first.error);
  return { status: 200, contentType: "text/event-stream; charset=utf-8", body: follow(api, first.value, slots) };
}

function follow(api: NodeApi, first: LogChunk, slots: FeedSlots): Feed {
  return async ({ write, signal }) => {
    try {
      let chunk = first;
      let saidAt = Date.now();
      await write(eventOf(chunk));
      while (!chunk.ended && !signal.aborted) {
        const isBehind = chunk.nextOffset < chunk.end;
        // Somebody else's log is asked for over the mesh, where every question is counted.
        if (!isBehind) await pause(chunk.node === api.nodeId ? OWN_LOOK_MS : OTHERS_LOOK_MS, signal);
        if (signal.aborted) return;
        const read = await api.readLog({ item: chunk.item, epoch: chunk.epoch, offset: chunk.nextOffset });
        if (!read.ok) return await write(problemOf(read));
        chunk = read.value;
        const isNews = chunk.text !== "" || chunk.ended;
        if (!isNews && Date.now() - saidAt < QUIET_MS) continue;
        await write(isNews ? eventOf(chunk) : STILL_HERE);
        saidAt = Date.now();
      }
    } finally {
      slots.open -= 1;
    }
  };
}

const OWN_LOOK_MS = 250;
const OTHERS_LOOK_MS = 1_000;
/** Proxies and the server itself end what is silent for too long. */
const QUIET_MS = 15_000;
const STILL_HERE = ":\n\n";

function eventOf({ epoch, node, offset, text, nextOffset, ended }: LogChunk): string {
  return `data: ${JSON.stringify({ epoch, node, offset, text, nextOffset, ended })}\n\n`;
}

const problemOf = ({ error }: Extract<Result<LogChunk, CommandError>, { ok: false }>): string =>
  `event: problem\ndata: ${JSON.stringify({ code: error.code, message: error.message })}\n\n`;

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end, { once: true });
    if (signal.aborted) end();
  });
}
