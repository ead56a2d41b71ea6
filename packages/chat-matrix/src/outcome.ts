/** What the homeserver's answer to a send means for the outbox. */
import type { SendOutcome } from "@skein/chat";

import { isRevoked, type Answer, type Failure } from "./http.ts";

/** When nothing said how long to wait. */
const UNREACHABLE_MS = 2_000;
const LIMITED_MS = 5_000;
/** For what only a person can change. */
const WAIT_FOR_A_PERSON_MS = 300_000;
const WAIT_MAX_MS = 600_000;

export function toOutcome(answer: Answer<string>): SendOutcome {
  switch (answer.type) {
    case "ok":
      return { type: "sent", message: answer.value };
    case "unsent":
      return retry(UNREACHABLE_MS, answer.reason);
    case "unclear":
    case "too-long":
      return { type: "uncertain", reason: answer.reason };
    case "refused":
      return refusal(answer);
  }
}

/** The reaction is there already, from an attempt whose answer was lost or because somebody of this account was faster. */
export function toReactionOutcome(answer: Answer<string>): SendOutcome {
  if (answer.type === "refused" && answer.code === "M_DUPLICATE_ANNOTATION") return { type: "sent", message: "" };
  return toOutcome(answer);
}

function refusal(failure: Extract<Failure, { readonly type: "refused" }>): SendOutcome {
  const reason = describe(failure);
  if (failure.status === 429) return retry(Math.min(failure.retryAfterMs ?? LIMITED_MS, WAIT_MAX_MS), reason);
  if (isRevoked(failure) || failure.status === 401) return retry(WAIT_FOR_A_PERSON_MS, reason);
  // The server is full, or it is a proxy without a homeserver behind it, or not the homeserver's address.
  if (failure.code === "M_RESOURCE_LIMIT_EXCEEDED" || failure.code === "M_UNRECOGNIZED" || failure.code === "") {
    return failure.status === 413 ? { type: "refused", reason } : retry(WAIT_FOR_A_PERSON_MS, reason);
  }
  return { type: "refused", reason };
}

const retry = (afterMs: number, reason: string): SendOutcome => ({ type: "retry", afterMs, reason, scope: "account" });

/** For people. */
export function describe(failure: Failure): string {
  if (failure.type !== "refused") return failure.reason;
  const code = failure.code === "" ? `status ${failure.status}` : failure.code;
  return `the homeserver refuses: ${failure.message} (${code})`;
}
