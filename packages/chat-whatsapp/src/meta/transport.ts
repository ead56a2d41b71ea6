/**
 * WhatsApp through Meta's Cloud API. Everything comes in by webhook, on whichever node Meta reaches.
 *
 * Meta knows no idempotency key and no way to look for a message. What it does is to repeat `biz_opaque_callback_data` in
 * every status webhook, so our key goes there: after a lost answer a status with the key says that it was sent, and as long
 * as none has come nobody knows.
 */
import type {
  Capabilities,
  ChatTransport,
  OutgoingMessage,
  SendOutcome,
  TransportContext,
  TransportKind,
} from "@skein/chat";
import type { Result } from "@skein/core";
import { z } from "zod";

import { createInFlight } from "../in-flight.ts";
import { exchange } from "../request.ts";
import { createReports, watching } from "../reports.ts";
import { WINDOW_MS } from "../window.ts";
import { codeOf, outcomeOfFailure, WINDOW_CLOSED } from "./errors.ts";
import { BUTTON_TEXT_MAX, BUTTONS_MAX, payloadOf, reactionPayload, templatePayload, TEXT_MAX } from "./outgoing.ts";
import { META_SECRETS, metaSettings, type MetaSettings } from "./settings.ts";
import { createMetaWebhook } from "./webhook.ts";

const CAPABILITIES: Capabilities = {
  threads: false,
  edit: false,
  buttons: BUTTONS_MAX,
  reactions: true,
  slash: false,
  ephemeral: false,
  maxText: TEXT_MAX,
  maxTextWithButtons: BUTTON_TEXT_MAX,
  windowMs: WINDOW_MS,
  idempotency: "reconcile",
  rooms: "ambient",
};

export const whatsappKind: TransportKind<MetaSettings> = {
  kind: "whatsapp",
  settings: metaSettings,
  secrets: () => Object.values(META_SECRETS),
  create: createMetaTransport,
};

interface Sent {
  readonly outcome: SendOutcome;
  /** Refused because of the 24 hours. */
  readonly isTooLate: boolean;
}

function createMetaTransport(settings: MetaSettings, context: TransportContext): ChatTransport {
  const inFlight = createInFlight();
  const receive = createMetaWebhook(settings, context);
  const reports = createReports();
  const attempt = async (payload: Result<object, string>): Promise<Sent> =>
    payload.ok
      ? deliver(payload.value, settings, context)
      : { outcome: { type: "refused", reason: payload.error }, isTooLate: false };
  const post = async (message: OutgoingMessage): Promise<SendOutcome> => {
    const first = await attempt(payloadOf(message, settings, context.clock.wallMs()));
    // Meta's clock decides. It was certainly not sent, so the template is no second copy.
    if (!first.isTooLate || settings.template === undefined) return first.outcome;
    return (await attempt(templatePayload(message, settings))).outcome;
  };

  return {
    kind: "whatsapp",
    account: context.account,
    capabilities: CAPABILITIES,
    webhook: (request, host) => inFlight.track(() => receive(request, watching(host, reports))),
    send: (message) => inFlight.send(() => reports.during(message.key, () => post(message))),
    react: (room, message, reaction) =>
      inFlight.send(async () => (await attempt(reactionPayload(room, message, reaction))).outcome),
    close: () => inFlight.close(),
  };
}

const Accepted = z.object({ messages: z.array(z.object({ id: z.string().min(1).max(300) })).min(1) });

async function deliver(payload: object, settings: MetaSettings, context: TransportContext): Promise<Sent> {
  const token = context.secret(META_SECRETS.accessToken);
  const answer = await exchange(
    {
      method: "POST",
      url: `${settings.graphUrl}/${settings.version}/${settings.phoneNumberId}/messages`,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify(payload),
    },
    context,
  );
  if (answer.type === "unsent") {
    return certain({ type: "retry", afterMs: 5_000, reason: `Meta: ${answer.reason}`, scope: "account" });
  }
  if (answer.type === "lost") return certain({ type: "uncertain", reason: `Meta: ${answer.reason}` });
  const { status, headers, body } = answer;
  if (status < 200 || status >= 300) {
    const outcome = outcomeOfFailure(status, headers, body, context.clock.wallMs());
    return { outcome: withoutSecret(outcome, token), isTooLate: codeOf(body) === WINDOW_CLOSED };
  }
  const accepted = Accepted.safeParse(body);
  const [first] = accepted.success ? accepted.data.messages : [];
  if (first === undefined) return certain({ type: "uncertain", reason: "Meta's answer names no message" });
  return certain({ type: "sent", message: first.id });
}

const certain = (outcome: SendOutcome): Sent => ({ outcome, isTooLate: false });

/** What Meta says may quote what it was sent. */
function withoutSecret(outcome: SendOutcome, secret: string): SendOutcome {
  if (outcome.type === "sent" || secret === "") return outcome;
  return { ...outcome, reason: outcome.reason.replaceAll(secret, "…") };
}
