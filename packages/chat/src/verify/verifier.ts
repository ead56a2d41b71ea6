/**
 * Is this webhook from the platform? One verifier for all transports: signatures over the raw bytes as they were received,
 * compared in constant time, and never older or younger than the platform's own tolerance.
 *
 * A genuine request that is sent again is still genuine; that it has no second effect is the inbox's business.
 */
import type { Result } from "@skein/core";

import type { WebhookRequest } from "../transport.ts";

export interface Verifier {
  /** `X-Slack-Signature: v0=…` (HMAC-SHA256) over timestamp and body. https://api.slack.com/docs/verifying-requests-from-slack */
  slack(request: WebhookRequest, signingSecret: string): Verdict;
  /** `X-Hub-Signature-256: sha256=…` over the body. Meta's webhooks; they carry no timestamp. */
  meta(request: WebhookRequest, appSecret: string): Verdict;
  /**
   * `X-Twilio-Signature` (HMAC-SHA1) over the URL that Twilio was told and the form's fields.
   * https://www.twilio.com/docs/usage/webhooks/webhooks-security
   */
  twilio(request: WebhookRequest, authToken: string, publicUrl: string): Verdict;
  /** `X-Signature-Ed25519` over timestamp and body. `publicKey` in hex. */
  discord(request: WebhookRequest, publicKey: string): Verdict;
}

/** The error says which check failed, for the node's log; the sender is told nothing but 401. */
export type Verdict = Result<void, string>;
