/** A WhatsApp sender at Twilio, as `node.yaml` describes it, and the secrets it needs. */
import { z } from "zod";

import { apiUrl } from "../urls.ts";

const settings = z.strictObject({
  accountSid: z.string().regex(/^AC[0-9a-f]{32}$/, "must be the account's SID: AC and 32 digits or letters a to f"),
  from: z.string().regex(/^\+[1-9]\d{6,14}$/, "must be the sender's number, for example +14155238886"),
  /**
   * Where Twilio reaches this account's webhook, character for character as it stands in Twilio's console: signatures are
   * made over it. A fragment with connection options (`#rc=3&rp=all`) belongs to it.
   */
  publicUrl: z.string().refine(isPublicUrl, "must be the https URL that stands in Twilio's console"),
  apiUrl: apiUrl("https://api.twilio.com"),
  /** Sends with a key of its own instead of the account's token, which then only verifies webhooks. */
  apiKeySid: z
    .string()
    .regex(/^SK[0-9a-f]{32}$/, "must be an API key's SID: SK and 32 digits or letters a to f")
    .optional(),
  /** Outside of the 24 hours only this can be sent: an approved template with exactly one variable. */
  template: z
    .strictObject({
      contentSid: z.string().regex(/^HX[0-9a-f]{32}$/, "must be a template's SID: HX and 32 digits or letters a to f"),
      variable: z
        .string()
        .regex(/^\w{1,16}$/, "must be the variable's name, for example 1")
        .default("1"),
      maxText: z.int().min(20).max(1_024).default(600),
    })
    .optional(),
});

export type TwilioSettings = z.infer<typeof settings>;

export const twilioSettings: z.ZodType<TwilioSettings> = settings;

/** The token signs webhooks in any case; it also sends, unless there is an API key. */
export const TWILIO_SECRETS = { authToken: "authToken", apiKeySecret: "apiKeySecret" } as const;

function isPublicUrl(text: string): boolean {
  if (/\s/.test(text) || !URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === "https:" || (protocol === "http:" && /^(?:localhost|127\.0\.0\.1|\[::1\])$/.test(hostname));
}
