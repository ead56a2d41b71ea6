/** Meta's webhook: the handshake when it is registered, and notifications. https://developers.facebook.com/docs/graph-api/webhooks */
import { createHash, timingSafeEqual } from "node:crypto";

import {
  type ChatHost,
  createRefusedWebhooks,
  type TransportContext,
  type WebhookReply,
  type WebhookRequest,
} from "@skein/chat";

import { inboundOf } from "./inbound.ts";
import { readNotifications } from "./notification.ts";
import { META_SECRETS, type MetaSettings } from "./settings.ts";

export type Webhook = (request: WebhookRequest, host: ChatHost) => Promise<WebhookReply>;

const plain = (status: number, body: string): WebhookReply => ({
  status,
  headers: { "Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff" },
  body,
});

export function createMetaWebhook(settings: MetaSettings, context: TransportContext): Webhook {
  const refused = createRefusedWebhooks(context, "whatsapp");
  return (request, host) => {
    if (request.method === "GET") {
      const challenge = challengeOf(request.url, context.secret(META_SECRETS.verifyToken));
      if (challenge === undefined) refused("the verify token of the handshake is missing or wrong");
      return Promise.resolve(challenge === undefined ? plain(403, "") : plain(200, challenge));
    }
    if (request.method !== "POST") return Promise.resolve(plain(405, ""));
    const verdict = context.verifier.meta(request, context.secret(META_SECRETS.appSecret));
    if (verdict.ok) return receive(request.body, host, settings, context);
    refused(verdict.error);
    return Promise.resolve(plain(401, ""));
  };
}

/** What Meta wants to hear, when it knows the token. Each parameter must come exactly once. */
function challengeOf(url: string, verifyToken: string): string | undefined {
  const query = url.indexOf("?");
  const parameters = new URLSearchParams(query === -1 ? "" : url.slice(query));
  const [mode, token, challenge] = ["hub.mode", "hub.verify_token", "hub.challenge"].map((name) => {
    const values = parameters.getAll(name);
    return values.length === 1 ? values[0] : undefined;
  });
  // Compared in any case, so that nothing can be learned from the time it takes.
  const isKnown = isSecretEqual(token ?? "", verifyToken);
  if (!isKnown || mode !== "subscribe" || challenge === undefined) return undefined;
  return /^[\w.-]{1,200}$/.test(challenge) ? challenge : undefined;
}

/** Hashed first, so that the length does not show either. */
function isSecretEqual(given: string, secret: string): boolean {
  const [a, b] = [given, secret].map((text) => createHash("sha256").update(text).digest());
  return a !== undefined && b !== undefined && secret !== "" && timingSafeEqual(a, b);
}

async function receive(
  body: Uint8Array,
  host: ChatHost,
  settings: MetaSettings,
  { log, account }: TransportContext,
): Promise<WebhookReply> {
  const read = readNotifications(parseJson(body), settings.phoneNumberId);
  if (read === undefined) {
    log("warn", "chat-webhook-unread", { kind: "whatsapp", account, bytes: body.length });
    return plain(200, "");
  }
  // Delivered again it would be just as unknown, for seven days.
  if (read.unread > 0) log("warn", "chat-webhook-unread", { kind: "whatsapp", account, elements: read.unread });
  const { events, statuses, troubles } = inboundOf(read);
  if (events.length > 0) {
    const durable = await host.receive(events);
    if (!durable.ok) {
      log("warn", "chat-webhook-not-durable", { kind: "whatsapp", account, events: events.length });
      return plain(500, "");
    }
  }
  if (statuses.length > 0) host.delivered(statuses);
  for (const message of troubles) host.trouble({ severity: "passing", message });
  return plain(200, "");
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    // The same as a notification about something else: signed by Meta, and not for us.
    return undefined;
  }
}
