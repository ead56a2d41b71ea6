/**
 * WhatsApp through Twilio. Everything comes in by webhook, on whichever node Twilio reaches.
 *
 * Twilio knows no idempotency key, but two ways to learn what became of a request whose answer was lost: the status report,
 * which carries our key, and the list of messages.
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
import { createReports, watching } from "../reports.ts";
import { WINDOW_MS } from "../window.ts";
import { createTwilioApi, type TwilioApi } from "./api.ts";
import { codeOf, outcomeOfFailure, WINDOW_CLOSED } from "./errors.ts";
import { find } from "./find.ts";
import { createLostAnswers } from "./lost-answers.ts";
import { formOf, templateForm, TEXT_MAX } from "./outgoing.ts";
import { TWILIO_SECRETS, twilioSettings, type TwilioSettings } from "./settings.ts";
import { createTwilioWebhook } from "./webhook.ts";

const CAPABILITIES: Capabilities = {
  threads: false,
  edit: false,
  // Twilio shows buttons only as parts of templates.
  buttons: 0,
  reactions: false,
  slash: false,
  ephemeral: false,
  maxText: TEXT_MAX,
  windowMs: WINDOW_MS,
  idempotency: "reconcile",
  rooms: "ambient",
};

export const twilioKind: TransportKind<TwilioSettings> = {
  kind: "twilio",
  settings: twilioSettings,
  secrets: ({ apiKeySid }) =>
    apiKeySid === undefined ? [TWILIO_SECRETS.authToken] : [TWILIO_SECRETS.authToken, TWILIO_SECRETS.apiKeySecret],
  create: createTwilioTransport,
};

interface Sent {
  readonly outcome: SendOutcome;
  /** Refused because of the 24 hours. */
  readonly isTooLate: boolean;
}

function createTwilioTransport(settings: TwilioSettings, context: TransportContext): ChatTransport {
  const inFlight = createInFlight();
  const receive = createTwilioWebhook(settings, context);
  const api = createTwilioApi(settings, context);
  const reports = createReports();
  const lost = createLostAnswers(context.clock);
  const attempt = async (form: Result<Readonly<Record<string, string>>, string>): Promise<Sent> =>
    form.ok
      ? deliver(form.value, api, context.clock.wallMs())
      : { outcome: { type: "refused", reason: form.error }, isTooLate: false };
  const post = async (message: OutgoingMessage): Promise<SendOutcome> => {
    const first = await attempt(formOf(message, settings, context.clock.wallMs()));
    // WhatsApp's clock decides. It was certainly not sent, so the template is no second copy.
    if (!first.isTooLate || settings.template === undefined) return first.outcome;
    return (await attempt(templateForm(message, settings))).outcome;
  };

  return {
    kind: "twilio",
    account: context.account,
    capabilities: CAPABILITIES,
    webhook: (request, host) => inFlight.track(() => receive(request, watching(host, reports))),
    send: (message) =>
      inFlight.send(async () => {
        const sinceMs = context.clock.wallMs();
        const outcome = await reports.during(message.key, () => post(message));
        if (outcome.type === "uncertain") lost.add(message.key, sinceMs);
        else lost.remove(message.key);
        return outcome;
      }),
    find: (message, sinceMs) =>
      inFlight.track(async () => {
        const { key } = message;
        const found = await find({ message, sinceMs: lost.sinceMs(key) ?? sinceMs, settings, api });
        if (found.type === "refused" && lost.isFresh(key)) {
          return { type: "uncertain", reason: "Twilio does not show the message yet" };
        }
        if (found.type !== "uncertain") lost.remove(key);
        return found;
      }),
    close: () => inFlight.close(),
  };
}

const Created = z.object({ sid: z.string().min(1).max(300) });

async function deliver(form: Readonly<Record<string, string>>, api: TwilioApi, nowMs: number): Promise<Sent> {
  const answer = await api.create(form);
  if (answer.type === "unsent") {
    return certain({ type: "retry", afterMs: 5_000, reason: `Twilio: ${answer.reason}`, scope: "account" });
  }
  if (answer.type === "lost") return certain({ type: "uncertain", reason: `Twilio: ${answer.reason}` });
  const { status, headers, body } = answer;
  if (status < 200 || status >= 300) {
    const outcome = outcomeOfFailure(status, headers, body, nowMs);
    if (outcome.type === "sent") return certain(outcome);
    const reason = api.withoutSecret(outcome.reason);
    return { outcome: { ...outcome, reason }, isTooLate: codeOf(body) === WINDOW_CLOSED && outcome.type === "refused" };
  }
  const created = Created.safeParse(body);
  return certain(
    created.success
      ? { type: "sent", message: created.data.sid }
      : { type: "uncertain", reason: "Twilio's answer names no message" },
  );
}

const certain = (outcome: SendOutcome): Sent => ({ outcome, isTooLate: false });
