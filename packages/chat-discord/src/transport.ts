/** One Discord bot: its parts put together. */
import {
  type Capabilities,
  type ChatTransport,
  createRefusedWebhooks,
  type Ingress,
  type IngressHost,
  type SendOutcome,
  type TransportContext,
} from "@skein/chat";

import { createApi } from "./api.ts";
import { find } from "./find.ts";
import { openIngress } from "./ingress.ts";
import { createInteractions } from "./interactions.ts";
import { BUTTONS_MAX, edit, react, send } from "./outgoing.ts";
import { createPlaces } from "./places.ts";
import { keepRegistering } from "./registration.ts";
import { TEXT_MAX } from "./render.ts";
import type { DiscordSettings } from "./settings.ts";
import { answerWebhook } from "./webhook.ts";

/** "The past few minutes", in Discord's words. */
const NONCES_MS = 120_000;

const CAPABILITIES: Capabilities = {
  threads: true,
  edit: true,
  buttons: BUTTONS_MAX,
  reactions: true,
  slash: true,
  // Only an answer to an interaction can be seen by one person, and answers come as ordinary messages.
  ephemeral: false,
  maxText: TEXT_MAX,
  windowMs: null,
  idempotency: "key",
  keyMs: NONCES_MS,
  rooms: "fixed",
};

const CLOSED: SendOutcome = { type: "retry", afterMs: 1_000, reason: "this node is closing", scope: "account" };

export function createTransport(settings: DiscordSettings, context: TransportContext): ChatTransport {
  const api = createApi(settings, context);
  const places = createPlaces();
  const interactions = createInteractions({ places, ask: api.request, verbs: context.verbs, log: context.log });
  const { publicKey } = settings;
  const refused = createRefusedWebhooks(context, "discord");
  let isClosed = false;
  const unlessClosed = (act: () => Promise<SendOutcome>): Promise<SendOutcome> =>
    isClosed ? Promise.resolve(CLOSED) : act();

  const open = (host: IngressHost): Ingress => {
    const closing = new AbortController();
    const registering = keepRegistering({ api, settings, context }, host, closing.signal);
    const parts = { settings, context, api, places, interactions, host };
    const gateway = settings.mode === "gateway" ? openIngress(parts) : undefined;
    return {
      close: async () => {
        closing.abort();
        await Promise.all([registering, gateway?.close()]);
      },
    };
  };

  return {
    kind: "discord",
    account: context.account,
    capabilities: CAPABILITIES,
    open,
    ...(publicKey === undefined
      ? {}
      : { webhook: (request, host) => answerWebhook(request, host, { publicKey, interactions, context, refused }) }),
    send: (message) => unlessClosed(() => send(api, message)),
    edit: (message, at) => unlessClosed(() => edit(api, message, at)),
    find: (message, sinceMs) => unlessClosed(() => find(api, message, sinceMs)),
    react: (room, message, reaction) => unlessClosed(() => react(api, room, message, reaction)),
    close: async () => {
      isClosed = true;
      await api.close();
    },
  };
}
