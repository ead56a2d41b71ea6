/**
 * The one address that Slack posts to: events as JSON, slash commands and buttons as forms. The signature is checked over
 * the bytes as they came, before anything of them is read. 200 means durable; on 503 Slack posts again. A repeated delivery
 * is a delivery like any other, since it may be the first that anybody here sees.
 */
import { createHash } from "node:crypto";

import type { ChatHost, RefusedWebhooks, TransportContext, WebhookReply, WebhookRequest } from "@skein/chat";

import type { Identity, WhoAmI } from "./identity.ts";
import { parseJson } from "./frames.ts";
import { readEventCallback, readInteraction, readSlashCommand, type Reading, type Recipient } from "./inbound.ts";
import { rateLimited, urlVerification } from "./payloads.ts";
import { RATE_LIMITED, slashReply } from "./replies.ts";

export interface WebhookOptions {
  readonly signingSecret: string;
  readonly app: string | undefined;
  readonly whoAmI: WhoAmI;
  readonly services: Pick<TransportContext, "verifier" | "clock" | "log">;
  readonly fatal: (reason: string) => void;
  readonly refused: RefusedWebhooks;
}

const empty = (status: number): WebhookReply => ({ status });
/** Slack takes whatever comes later than 3 s for a failure. */
const IDENTITY_MS = 2_000;

export async function answerWebhook(
  options: WebhookOptions,
  request: WebhookRequest,
  host: ChatHost,
): Promise<WebhookReply> {
  const verdict = options.services.verifier.slack(request, options.signingSecret);
  if (!verdict.ok) {
    options.refused(verdict.error);
    return empty(401);
  }
  if (request.method !== "POST") return empty(405);
  const content = readContent(request);
  switch (content.type) {
    case "challenge":
      return { status: 200, headers: { "content-type": "text/plain" }, body: content.challenge };
    case "rate-limited":
      host.trouble(RATE_LIMITED);
      return empty(200);
    case "nothing":
      return empty(200);
    case "unreadable":
      return empty(400);
    default: {
      const identity = await identify(options);
      if (identity === undefined) return empty(503);
      const reading = content.read({ identity, app: options.app });
      return take(reading, content.type, options, host);
    }
  }
}

/** Who is meant has to be known before anything can be read. Asked once in the life of a node; until then Slack repeats. */
async function identify(options: WebhookOptions): Promise<Identity | undefined> {
  let cancel: () => void = () => undefined;
  const late = new Promise<undefined>((resolve) => {
    cancel = options.services.clock.after(IDENTITY_MS, () => resolve(undefined));
  });
  const me = await Promise.race([options.whoAmI(), late]);
  cancel();
  if (me?.ok === true) return me.value;
  if (me?.error.type === "revoked") options.fatal(me.error.reason);
  options.services.log("warn", "chat-slack.no-identity", { reason: me?.error.reason ?? "no answer in time" });
  return undefined;
}

async function take(
  reading: Reading,
  kind: "slash" | "other",
  options: WebhookOptions,
  host: ChatHost,
): Promise<WebhookReply> {
  switch (reading.type) {
    case "trouble":
      options.fatal(reading.problem.message);
      return empty(200);
    case "foreign":
      options.services.log("warn", "chat-slack.foreign", { of: reading.of });
      // Another workspace of a distributed app is told that all is well: repeating it here would change nothing.
      return empty(reading.of === "app" ? 401 : 200);
    case "events": {
      if (reading.events.length > 0) {
        const result = await host.receive(reading.events);
        if (!result.ok) {
          options.services.log("warn", "chat-slack.not-durable", { reason: result.error });
          return empty(503);
        }
      }
      if (kind !== "slash") return empty(200);
      return {
        status: 200,
        headers: { "content-type": "application/json" },
        body: JSON.stringify(slashReply(reading.events, host)),
      };
    }
  }
}

type Content =
  | { readonly type: "challenge"; readonly challenge: string }
  | { readonly type: "rate-limited" | "nothing" | "unreadable" }
  | { readonly type: "slash" | "other"; readonly read: (recipient: Recipient) => Reading };

function readContent(request: WebhookRequest): Content {
  const types = request.headers["content-type"] ?? [];
  const mediaType = types.length === 1 ? (types[0]?.split(";")[0]?.trim().toLowerCase() ?? "") : "";
  const text = new TextDecoder().decode(request.body);
  if (mediaType === "application/json") return readJson(text);
  if (mediaType === "application/x-www-form-urlencoded") return readForm(new URLSearchParams(text), request);
  return { type: "unreadable" };
}

function readJson(text: string): Content {
  const payload = parseJson(text);
  if (payload === undefined) return { type: "unreadable" };
  const verification = urlVerification.safeParse(payload);
  if (verification.success) return { type: "challenge", challenge: verification.data.challenge };
  if (rateLimited.safeParse(payload).success) return { type: "rate-limited" };
  return { type: "other", read: (recipient) => readEventCallback(payload, recipient) };
}

function readForm(form: URLSearchParams, request: WebhookRequest): Content {
  // Slack looks from time to time whether the certificate is still good.
  if (form.get("ssl_check") === "1") return { type: "nothing" };
  const arrival = {
    id: `sha256:${createHash("sha256").update(request.body).digest("hex")}`,
    // The verifier has seen that it is a number, and a recent one.
    atMs: Number(request.headers["x-slack-request-timestamp"]?.[0] ?? 0) * 1_000,
  };
  const payload = form.get("payload");
  if (payload === null) {
    const fields = Object.fromEntries(form);
    return { type: "slash", read: (recipient) => readSlashCommand(fields, recipient, arrival) };
  }
  const interaction = parseJson(payload);
  if (interaction === undefined) return { type: "unreadable" };
  return { type: "other", read: (recipient) => readInteraction(interaction, recipient, arrival) };
}
