/** One account on Matrix: the way in is a sync loop, the way out are transactions that the homeserver carries out once. */
import { createHash } from "node:crypto";
import { setMaxListeners } from "node:events";

import type { ChatTransport, OutgoingMessage, SendOutcome, TransportContext } from "@skein/chat";

import { createApi, type SendRequest } from "./api.ts";
import { createHttp } from "./http.ts";
import { openIngress } from "./ingress.ts";
import { toOutcome, toReactionOutcome } from "./outcome.ts";
import { editContent, messageContent, reactionContent } from "./render.ts";
import { ACCESS_TOKEN, type Settings } from "./settings.ts";

/**
 * An event may have 65,536 bytes. Escaped, and as an edit, which holds its text twice, a character takes 10 at most, so this
 * always fits.
 */
const TEXT_MAX = 4_000;
/** What the homeserver adds to the content of an event is part of its size. */
const CONTENT_BYTES_MAX = 62_000;
/** How long requests that are under way may still take when the transport is closed. */
const CLOSING_MS = 3_000;

export function createTransport(settings: Settings, context: TransportContext): ChatTransport {
  const { account, clock, fetch, random, log } = context;
  const token = context.secret(ACCESS_TOKEN).trim();
  const api = createApi(createHttp({ homeserver: settings.homeserver, token, clock, fetch }));
  const closing = new AbortController();
  // Every request that is under way listens; how many there are is the outbox's business.
  setMaxListeners(0, closing.signal);
  const underWay = new Set<Promise<unknown>>();
  let closed = false;

  const send = async (request: SendRequest, toResult = toOutcome): Promise<SendOutcome> => {
    if (closed) return { type: "retry", afterMs: CLOSING_MS, reason: "this node closes the account", scope: "account" };
    const bytes = Buffer.byteLength(JSON.stringify(request.content));
    if (bytes > CONTENT_BYTES_MAX) {
      return { type: "refused", reason: `the message has ${bytes} bytes, and Matrix takes ${CONTENT_BYTES_MAX}` };
    }
    const sending = api.send(request, closing.signal);
    underWay.add(sending);
    const answer = await sending;
    underWay.delete(sending);
    return toResult(answer);
  };

  return {
    kind: "matrix",
    account,
    capabilities: {
      threads: true,
      edit: true,
      buttons: 0,
      reactions: true,
      slash: false,
      ephemeral: false,
      maxText: TEXT_MAX,
      windowMs: null,
      idempotency: "key",
      // Synapse keeps transaction ids for a day; other homeservers promise no time.
      keyMs: 12 * 3_600_000,
      rooms: "dynamic",
    },
    open: (host) => openIngress({ api, host, allow: settings.invite.allow, account, clock, random, log }),
    send: (message) => send(messageRequest(message, "message", messageContent(message))),
    edit: (message, sent) => send(messageRequest(message, "edit", editContent(message, sent))),
    react: (room, message, reaction) =>
      send(
        {
          room,
          type: "m.reaction",
          transaction: transactionOf("reaction", createHash("sha256").update(`${message} ${reaction}`).digest("hex")),
          content: reactionContent(message, reaction),
        },
        toReactionOutcome,
      ),
    close: async () => {
      closed = true;
      const cancel = clock.after(CLOSING_MS, () => closing.abort());
      await Promise.all(underWay);
      cancel();
    },
  };
}

const messageRequest = (
  { room, key }: OutgoingMessage,
  purpose: "message" | "edit",
  content: SendRequest["content"],
): SendRequest => ({ room, type: "m.room.message", transaction: transactionOf(purpose, key), content });

/** The homeserver keeps transactions apart by device, room and type of event, so what else may differ is in the name. */
const transactionOf = (purpose: "message" | "edit" | "reaction", key: string): string => `skein-${purpose}-${key}`;
