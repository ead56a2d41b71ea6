/** Twilio's webhook: messages and status reports come to the same address, as forms. */
import {
  type ChatHost,
  createRefusedWebhooks,
  type TransportContext,
  type WebhookReply,
  type WebhookRequest,
} from "@skein/chat";

import { readPosted } from "./inbound.ts";
import { TWILIO_SECRETS, type TwilioSettings } from "./settings.ts";

export type Webhook = (request: WebhookRequest, host: ChatHost) => Promise<WebhookReply>;

const empty = (status: number): WebhookReply => ({ status, headers: { "Content-Type": "text/plain" }, body: "" });

/** Nothing to answer: answers are sent over the API, where they have a key. */
const TAKEN: WebhookReply = { status: 200, headers: { "Content-Type": "text/xml" }, body: "<Response/>" };

export function createTwilioWebhook(settings: TwilioSettings, context: TransportContext): Webhook {
  const refused = createRefusedWebhooks(context, "twilio");
  return (request, host) => {
    if (request.method !== "POST") return Promise.resolve(empty(405));
    const token = context.secret(TWILIO_SECRETS.authToken);
    const verdict = context.verifier.twilio(request, token, settings.publicUrl);
    if (verdict.ok) return receive(request, host, settings, context);
    refused(verdict.error);
    return Promise.resolve(empty(401));
  };
}

async function receive(
  request: WebhookRequest,
  host: ChatHost,
  settings: TwilioSettings,
  { log, clock, account }: TransportContext,
): Promise<WebhookReply> {
  const posted = readPosted(request, settings, clock.wallMs());
  if (posted.type === "status") host.delivered([posted.status]);
  if (posted.type !== "event") return TAKEN;
  const durable = await host.receive([posted.event]);
  if (durable.ok) return TAKEN;
  log("warn", "chat-webhook-not-durable", { kind: "twilio", account, events: 1 });
  return empty(500);
}
