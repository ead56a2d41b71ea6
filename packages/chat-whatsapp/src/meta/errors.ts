/**
 * What Meta's error codes mean for a message that was to be sent, and what a person can do about them.
 * https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes
 */
import type { SendOutcome } from "@skein/chat";
import { z } from "zod";

import { quoted } from "../quoted.ts";
import { retryAfterMs } from "../retry-after.ts";
import type { Problem } from "./notification.ts";

/** Outside of the 24 hours. */
export const WINDOW_CLOSED = 131_047;

const Failure = z.object({
  error: z.object({
    code: z.number().int(),
    error_subcode: z.number().int().optional(),
    message: z.string().optional(),
    error_data: z.object({ details: z.string().optional() }).optional(),
  }),
});

/** What to do, by code. The token's errors quote the token, so of these only our own words are said. */
const MEND: ReadonlyMap<number, string> = new Map([
  [
    0,
    "Meta does not accept the access token: make a new one for the system user and put it in the place of accessToken",
  ],
  [
    190,
    "Meta does not accept the access token: make a new one for the system user and put it in the place of accessToken",
  ],
  [3, "the access token may not send: give the system user whatsapp_business_messaging and make a new token"],
  [10, "the access token may not send: give the system user whatsapp_business_messaging and make a new token"],
  [200, "the access token may not send: give the system user whatsapp_business_messaging and make a new token"],
  [33, "there is no such phone number any more: check phoneNumberId"],
  [368, "Meta has restricted the business account: see its account quality in the Business Manager"],
  [131_005, "the access token may not send: give the system user whatsapp_business_messaging and make a new token"],
  [131_026, "WhatsApp cannot deliver to this person: no account, an old app, or they blocked the number"],
  [131_031, "Meta has locked the business account: see its account quality in the Business Manager"],
  [131_042, "Meta waits for a payment method: see the billing of the business account"],
  [131_045, "the phone number is not registered for the Cloud API: register it again"],
  [WINDOW_CLOSED, "more than 24 hours have passed since the person's last message"],
  [131_049, "WhatsApp held the message back, because the person gets many of this kind"],
  [132_000, "the template has another number of parameters: its body must have exactly one"],
  [132_001, "there is no such template in this language: check template.name and template.language"],
  [132_005, "the template's text became too long: lower template.maxText"],
  [132_015, "Meta has paused the template because of its quality: use another one"],
  [132_016, "Meta has disabled the template because of its quality: use another one"],
  [133_010, "the phone number is not registered for the Cloud API: register it"],
]);

/** Codes after which the same message may be sent later, how much later, and whether others wait too. */
const LATER: ReadonlyMap<number, { readonly afterMs: number; readonly scope: "account" | "room" }> = new Map([
  [2, { afterMs: 30_000, scope: "account" }], // downtime
  [4, { afterMs: 60_000, scope: "account" }], // requests of this app
  [80_007, { afterMs: 60_000, scope: "account" }], // requests to this business account
  [130_429, { afterMs: 2_000, scope: "account" }], // messages a second
  [131_016, { afterMs: 30_000, scope: "account" }], // a service is down
  [131_048, { afterMs: 600_000, scope: "account" }], // marked as spam too often
  [131_056, { afterMs: 6_000, scope: "room" }], // messages to one person
  [131_057, { afterMs: 300_000, scope: "account" }], // maintenance
  [133_004, { afterMs: 60_000, scope: "account" }], // a server is down
]);

/** Codes that say nothing of the message: the token, the number or the account. */
const OF_THE_ACCOUNT: ReadonlySet<number> = new Set([
  0, 3, 10, 33, 190, 200, 368, 131_005, 131_031, 131_042, 131_045, 133_010,
]);
/** A person takes a while to mend one. */
const MENDED_MS = 600_000;

/** Codes of errors about which Meta itself knows no more. */
const UNKNOWN: ReadonlySet<number> = new Set([1, 131_000]);

const QUOTES_TOKEN: ReadonlySet<number> = new Set([0, 190]);

/** For people, in one line. */
export function explain(problem: Problem): string {
  const own = MEND.get(problem.code);
  const said = problem.error_data?.details ?? problem.message ?? problem.title;
  const theirs = said === undefined || QUOTES_TOKEN.has(problem.code) ? "" : quoted(said);
  return `${[own, theirs].filter((part) => part !== undefined && part !== "").join("; ")} (${problem.code})`.trimStart();
}

/** The code of an answer, undefined when it has none. */
export function codeOf(body: unknown): number | undefined {
  const failure = Failure.safeParse(body);
  if (!failure.success) return undefined;
  const { code, error_subcode: subcode } = failure.data.error;
  // The object that the URL names is missing; the code alone is any wrong parameter.
  return code === 100 && subcode === 33 ? 33 : code;
}

/** What an answer other than 2xx means. */
export function outcomeOfFailure(status: number, headers: Headers, body: unknown, nowMs: number): SendOutcome {
  const code = codeOf(body);
  const failure = Failure.safeParse(body);
  const reason =
    failure.success && code !== undefined
      ? explain({ ...failure.data.error, code })
      : `Meta answered with status ${status}`;
  const later = code === undefined ? undefined : LATER.get(code);
  if (later !== undefined) {
    return { type: "retry", afterMs: retryAfterMs(headers, nowMs, later.afterMs), reason, scope: later.scope };
  }
  if (status === 429) {
    return { type: "retry", afterMs: retryAfterMs(headers, nowMs, 60_000), reason, scope: "account" };
  }
  if (code !== undefined && UNKNOWN.has(code)) return { type: "uncertain", reason };
  if (status >= 500 && (code === undefined || !MEND.has(code))) return { type: "uncertain", reason };
  if (status >= 300 && status < 400) {
    return { type: "refused", reason: "graphUrl leads to another place, where the access token is not sent: check it" };
  }
  if (code === undefined && (status === 401 || status === 403)) {
    return { type: "retry", afterMs: MENDED_MS, reason: MEND.get(190) ?? reason, scope: "account" };
  }
  // What waits is not lost: it goes out once a person has mended the account.
  if (code !== undefined && OF_THE_ACCOUNT.has(code)) {
    return { type: "retry", afterMs: MENDED_MS, reason, scope: "account" };
  }
  return { type: "refused", reason };
}
