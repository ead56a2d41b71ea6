/**
 * What Twilio's error codes mean for a message that was to be sent, and what a person can do about them.
 * https://www.twilio.com/docs/api/errors
 */
import type { SendOutcome } from "@skein/chat";
import { z } from "zod";

import { quoted } from "../quoted.ts";
import { retryAfterMs } from "../retry-after.ts";

/** Outside of the 24 hours. */
export const WINDOW_CLOSED = 63_016;

const Failure = z.object({ code: z.number().int(), message: z.string().optional() });

const CREDENTIALS_CODE = 20_003;
/** A person takes a while to mend them. */
const MENDED_MS = 600_000;

const CREDENTIALS =
  "Twilio does not accept the credentials: check accountSid, the token or the key in the console, and put the new one in its place";

const MEND: ReadonlyMap<number, string> = new Map([
  [CREDENTIALS_CODE, CREDENTIALS],
  [20_005, "Twilio has suspended the account: see its console"],
  [20_404, "Twilio knows no such account: check accountSid and apiUrl"],
  [21_211, "the person's number is none that Twilio knows"],
  [21_212, "the number in from is none of this account"],
  [21_606, "the number in from is none of this account"],
  [21_608, "a trial account may only write to numbers that were verified in Twilio's console"],
  [21_609, "Twilio cannot use publicUrl for status reports: it has to be an address on the public internet"],
  [21_610, "the person has asked to get no messages from this number"],
  [21_614, "the person's number cannot receive messages"],
  [21_617, "the message is longer than Twilio takes"],
  [21_655, "there is no such template: check template.contentSid"],
  [21_656, "the template has other variables: it must have exactly the one in template.variable"],
  [63_003, "the person's number has no WhatsApp"],
  [63_007, "the number in from is no WhatsApp sender of this account"],
  [WINDOW_CLOSED, "more than 24 hours have passed since the person's last message"],
  [63_024, "WhatsApp cannot deliver to this person: no account, an old app, or they blocked the number"],
  [63_032, "WhatsApp held the message back, because the person gets many of this kind"],
  [63_040, "WhatsApp has rejected the template"],
  [63_041, "WhatsApp has paused the template because of its quality: use another one"],
  [63_042, "WhatsApp has disabled the template because of its quality: use another one"],
  [63_049, "WhatsApp held the message back, because the person gets many of this kind"],
  [63_051, "WhatsApp has blocked the business account"],
]);

/** Codes after which the same message may be sent later, and how much later. */
const LATER_MS: ReadonlyMap<number, number> = new Map([
  [14_107, 10_000],
  [20_429, 5_000],
  [21_611, 60_000], // the sender's queue is full
  [30_001, 60_000],
  [63_017, 10_000],
  [63_018, 10_000],
  [63_038, 3_600_000], // messages a day
]);

/** For people, in one line. */
export function explain(code: number, said = ""): string {
  const theirs = quoted(said);
  const parts = [MEND.get(code), theirs].filter((part) => part !== undefined && part !== "");
  return parts.length === 0 ? `Twilio reports error ${code}` : `${parts.join("; ")} (${code})`;
}

export function codeOf(body: unknown): number | undefined {
  const failure = Failure.safeParse(body);
  return failure.success ? failure.data.code : undefined;
}

/** What an answer other than 2xx means. */
export function outcomeOfFailure(status: number, headers: Headers, body: unknown, nowMs: number): SendOutcome {
  const failure = Failure.safeParse(body);
  const code = failure.success ? failure.data.code : undefined;
  const reason = failure.success
    ? explain(failure.data.code, failure.data.message)
    : `Twilio answered with status ${status}`;
  const laterMs = code === undefined ? undefined : LATER_MS.get(code);
  if (laterMs !== undefined || status === 429) {
    return { type: "retry", afterMs: retryAfterMs(headers, nowMs, laterMs ?? 5_000), reason, scope: "account" };
  }
  if (status >= 500) return { type: "uncertain", reason };
  if (status >= 300 && status < 400) {
    return { type: "refused", reason: "apiUrl leads to another place, where the credentials are not sent: check it" };
  }
  // What waits is not lost: it goes out once a person has mended the credentials.
  if (code === CREDENTIALS_CODE || (code === undefined && (status === 401 || status === 403))) {
    return { type: "retry", afterMs: MENDED_MS, reason: code === undefined ? CREDENTIALS : reason, scope: "account" };
  }
  return { type: "refused", reason };
}
