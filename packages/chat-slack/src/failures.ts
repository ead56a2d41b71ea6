/**
 * What went wrong with a call, in the few kinds that anything is decided by. Only Slack's own short error codes get into a
 * sentence: whatever else an answer or an exception says may hold a token or a stranger's text.
 */
import { WebAPIHTTPError, WebAPIPlatformError, WebAPIRateLimitedError, WebAPIRequestError } from "@slack/web-api";

export type Failure =
  /** Too many calls; it was not done. */
  | { readonly type: "limited"; readonly afterMs: number; readonly reason: string }
  /** Slack was not reached, or said that it did nothing. It may be tried again. */
  | { readonly type: "undone"; readonly reason: string }
  /** It may have been done. */
  | { readonly type: "unknown"; readonly reason: string }
  /** Slack said no to this call. */
  | { readonly type: "refused"; readonly code: string; readonly reason: string }
  /** Slack does not know this app's token any more: nothing works until a person acts. */
  | { readonly type: "revoked"; readonly code: string; readonly reason: string };

const LIMITED_MS = { least: 1_000, unsaid: 30_000, most: 3_600_000 };

export function failureOf(error: unknown): Failure {
  if (error instanceof WebAPIRateLimitedError) return limited(error.retryAfter * 1_000);
  if (error instanceof WebAPIPlatformError) return ofCode(error.data.error);
  if (error instanceof WebAPIHTTPError) return ofStatus(error.statusCode);
  if (error instanceof WebAPIRequestError) return ofConnection(error.original);
  return { type: "unknown", reason: "the call to Slack ended without an answer that can be read" };
}

function limited(ms: number): Failure {
  const afterMs = Math.min(LIMITED_MS.most, Math.max(LIMITED_MS.least, ms));
  return { type: "limited", afterMs, reason: `Slack asks to wait ${Math.ceil(afterMs / 1_000)} s` };
}

/** Slack itself only ever answers 200 and 429; everything else comes from something in front of it. */
function ofStatus(status: number): Failure {
  if (status >= 500 || status === 408) return { type: "unknown", reason: `Slack answered with HTTP ${status}` };
  if (status === 404) {
    return { type: "undone", reason: "there is no Web API at apiUrl (HTTP 404); check the setting" };
  }
  return { type: "undone", reason: `the request was turned away with HTTP ${status} before it reached Slack` };
}

/** No connection was made, so nothing of the request was sent. */
const NEVER_SENT: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENETDOWN",
  "UND_ERR_CONNECT_TIMEOUT",
  "CERT_HAS_EXPIRED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "ERR_TLS_CERT_ALTNAME_INVALID",
]);

function ofConnection(original: Error): Failure {
  const cause = original.cause;
  const code = typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : "";
  if (NEVER_SENT.has(code)) return { type: "undone", reason: `Slack cannot be reached (${code})` };
  return { type: "unknown", reason: "the connection to Slack ended before the answer came" };
}

const REVOKED: ReadonlyMap<string, string> = new Map(
  Object.entries({
    invalid_auth: "Slack does not know the token; install the app again and put the new token in place",
    not_authed: "no token reached Slack; check the account's secrets",
    token_revoked: "the token was revoked; install the app again and put the new token in place",
    token_expired: "the token has expired; turn token rotation off for the app, or put a new token in place",
    account_inactive: "the app's user was deactivated; install the app again",
    user_removed_from_team: "the app's user was removed from the workspace; install the app again",
    team_disabled: "the workspace was disabled",
    not_allowed_token_type: "this is another kind of token; botToken starts with xoxb-, appToken with xapp-",
  }),
);

const ADVICE: ReadonlyMap<string, string> = new Map(
  Object.entries({
    channel_not_found: "Slack shows this app no such channel; check its id, and invite the app when it is private",
    not_in_channel: "the app is not in the channel; invite it there",
    is_archived: "the channel is archived; bring it back, or take it out of the configuration",
    missing_scope: "the app lacks a scope for this; add the scopes of the setup page and install the app again",
    restricted_action: "the workspace does not let this app post there; ask one of its admins",
    message_not_found: "the message does not exist any more",
    thread_not_found: "the thread does not exist any more",
    cant_update_message: "this app may not change that message",
    edit_window_closed: "the workspace does not let messages be changed any more after so long",
    user_not_in_channel: "the person is not in the channel, so nothing can be shown to only them there",
    msg_too_long: "the message is too long for Slack",
    msg_blocks_too_long: "the message is too long for Slack",
  }),
);

/** Slack says that it failed, not whether before or after. */
const UNKNOWN_CODES: ReadonlySet<string> = new Set(["fatal_error", "internal_error", "service_unavailable"]);
const UNDONE_CODES: ReadonlySet<string> = new Set(["request_timeout", "team_added_to_org", "org_login_required"]);
const LIMITED_CODES: ReadonlySet<string> = new Set(["ratelimited", "rate_limited", "message_limit_exceeded"]);

function ofCode(code: unknown): Failure {
  // The client puts a whole answer that is no JSON in the place of the code.
  if (typeof code !== "string" || !/^[a-z0-9_]{1,64}$/.test(code))
    return { type: "unknown", reason: "what answered does not speak Slack's API" };
  if (LIMITED_CODES.has(code)) return limited(LIMITED_MS.unsaid);
  if (UNKNOWN_CODES.has(code)) return { type: "unknown", reason: `Slack answered ${code}` };
  if (UNDONE_CODES.has(code)) return { type: "undone", reason: `Slack answered ${code}` };
  const revoked = REVOKED.get(code);
  if (revoked !== undefined) return { type: "revoked", code, reason: `${revoked} (${code})` };
  return { type: "refused", code, reason: `${ADVICE.get(code) ?? "Slack refused it"} (${code})` };
}
