/** One account on Matrix: the way in is a sync loop, the way out are transactions that the homeserver carries out once. */
import { createHash } from "node:crypto";
import { setMaxListeners } from "node:events";

import type { Capabilities, ChatTransport, OutgoingMessage, SendOutcome, TransportContext } from "@skein/chat";

import { createApi, type MatrixApi, type SendRequest } from "./api.ts";
import { createCipher } from "./cipher.ts";
import type { OpenCryptography } from "./cryptography.ts";
import { createHttp, type Http, type HttpRequest } from "./http.ts";
import { openIngress } from "./ingress.ts";
import { toOutcome, toReactionOutcome } from "./outcome.ts";
import { editContent, messageContent, reactionContent } from "./render.ts";
import { createSealer, findSent, withKey, type Encryption } from "./sealed.ts";
import { createSecrecy } from "./secrecy.ts";
import { ACCESS_TOKEN, ENCRYPTION_KEY, type Settings } from "./settings.ts";

/**
 * An event may have 65,536 bytes. Escaped, and as an edit, which holds its text twice, a character takes 10 at most, so this
 * always fits, also when it is encrypted, which makes it longer by a third.
 */
const TEXT_MAX = 4_000;
/** What the homeserver adds to the content of an event is part of its size. */
const CONTENT_BYTES_MAX = 62_000;
/** How long requests that are under way may still take when the transport is closed. */
const CLOSING_MS = 3_000;

export function createTransport(
  settings: Settings,
  context: TransportContext,
  cryptography: () => OpenCryptography | undefined,
): ChatTransport {
  const { account, clock, fetch, random, log } = context;
  const token = context.secret(ACCESS_TOKEN).trim();
  const http = createHttp({ homeserver: settings.homeserver, token, clock, fetch });
  const api = createApi(http);
  const closing = new AbortController();
  // Every request that is under way listens; how many there are is the outbox's business.
  setMaxListeners(0, closing.signal);
  const encryption = encryptionOf({ settings, context, api, http, open: cryptography, signal: closing.signal });
  const underWay = new Set<Promise<unknown>>();
  let closed = false;

  const put = async (request: SendRequest, toResult: typeof toOutcome): Promise<SendOutcome> => {
    const bytes = Buffer.byteLength(JSON.stringify(request.content));
    if (bytes > CONTENT_BYTES_MAX) {
      return { type: "refused", reason: `the message has ${bytes} bytes, and Matrix takes ${CONTENT_BYTES_MAX}` };
    }
    return toResult(await api.send(request, closing.signal));
  };
  const tracked = async <T>(run: () => Promise<T>, whenClosed: T): Promise<T> => {
    if (closed) return whenClosed;
    const running = run();
    underWay.add(running);
    try {
      return await running;
    } finally {
      underWay.delete(running);
    }
  };
  const send = (request: SendRequest): Promise<SendOutcome> =>
    tracked(async () => {
      if (encryption === undefined) return put(request, toOutcome);
      const sealed = await encryption.seal(request);
      return sealed.type === "ok" ? put(sealed.value, toOutcome) : sealed;
    }, CLOSED);
  const message = (outgoing: OutgoingMessage, purpose: Purpose, content: SendRequest["content"]): SendRequest =>
    messageRequest(outgoing, purpose, encryption === undefined ? content : withKey(content, outgoing.key));

  return {
    kind: "matrix",
    account,
    capabilities: { ...CAPABILITIES, idempotency: encryption === undefined ? "key" : "reconcile" },
    open: (host) => openIngress({ api, host, allow: settings.invite.allow, account, clock, random, log, encryption }),
    send: (outgoing) => send(message(outgoing, "message", messageContent(outgoing))),
    edit: (outgoing, sent) => send(message(outgoing, "edit", editContent(outgoing, sent))),
    react: (room, target, reaction) =>
      tracked(
        () =>
          put(
            {
              room,
              type: "m.reaction",
              transaction: transactionOf(
                "reaction",
                createHash("sha256").update(`${target} ${reaction}`).digest("hex"),
              ),
              content: reactionContent(target, reaction),
            },
            toReactionOutcome,
          ),
        CLOSED,
      ),
    ...(encryption === undefined
      ? {}
      : {
          find: (outgoing: OutgoingMessage, sinceMs: number) =>
            tracked(() => findSent(api, outgoing, sinceMs, closing.signal), CLOSED),
        }),
    close: async () => {
      closed = true;
      const cancel = clock.after(CLOSING_MS, () => closing.abort());
      await Promise.all(underWay);
      await encryption?.cipher.close();
      cancel();
    },
  };
}

/** The homeserver knows transactions by device, and with encryption each node has a device of its own. */
const CAPABILITIES: Omit<Capabilities, "idempotency"> = {
  threads: true,
  edit: true,
  buttons: 0,
  reactions: true,
  slash: false,
  ephemeral: false,
  maxText: TEXT_MAX,
  windowMs: null,
  // Synapse keeps transaction ids for a day; other homeservers promise no time.
  keyMs: 12 * 3_600_000,
  rooms: "dynamic",
};

const CLOSED: SendOutcome = {
  type: "retry",
  afterMs: CLOSING_MS,
  reason: "this node closes the account",
  scope: "account",
};

interface EncryptionRequest {
  readonly settings: Settings;
  readonly context: TransportContext;
  readonly api: MatrixApi;
  readonly http: Http;
  readonly open: () => OpenCryptography | undefined;
  readonly signal: AbortSignal;
}

/** Undefined when the account wants none. Throws with what to do when it wants what is not there. */
function encryptionOf({ settings, context, api, http, open, signal }: EncryptionRequest): Encryption | undefined {
  if (!settings.encryption) return undefined;
  const { account, clock, log } = context;
  const opener = open();
  if (opener === undefined) {
    throw new Error(
      "its settings ask for encryption, and the package for that is not installed. Install @skein/chat-matrix-e2ee, or leave out `encryption`.",
    );
  }
  const request = {
    account,
    log,
    http: (one: HttpRequest) => http({ ...one, signal }),
    secret: context.secret(ENCRYPTION_KEY).trim(),
    acceptsUnsigned: settings.unsignedDevices === "accept",
    identities: settings.identities,
  };
  const cipher = createCipher({ api, open: opener, request, clock, log, signal });
  const secrecy = createSecrecy({ api, account, signal });
  return { cipher, secrecy, seal: createSealer({ api, cipher, secrecy, signal }) };
}

type Purpose = "message" | "edit";

const messageRequest = (
  { room, key }: OutgoingMessage,
  purpose: Purpose,
  content: SendRequest["content"],
): SendRequest => ({ room, type: "m.room.message", transaction: transactionOf(purpose, key), content });

/** The homeserver keeps transactions apart by device, room and type of event, so what else may differ is in the name. */
const transactionOf = (purpose: Purpose | "reaction", key: string): string => `skein-${purpose}-${key}`;
