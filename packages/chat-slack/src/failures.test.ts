import { WebAPIHTTPError, WebAPIPlatformError, WebAPIRateLimitedError, WebAPIRequestError } from "@slack/web-api";
import { expect, test } from "vitest";

import { failureOf } from "./failures.ts";

const connection = (code: string): WebAPIRequestError =>
  new WebAPIRequestError(new TypeError("fetch failed", { cause: Object.assign(new Error("x"), { code }) }));
const platform = (error: unknown): WebAPIPlatformError =>
  new WebAPIPlatformError({ ok: false, error } as ConstructorParameters<typeof WebAPIPlatformError>[0]);

test.each([
  ["a refused connection", connection("ECONNREFUSED"), "undone"],
  ["a name that nobody knows", connection("ENOTFOUND"), "undone"],
  ["a certificate that is not good", connection("CERT_HAS_EXPIRED"), "undone"],
  ["a reset", connection("ECONNRESET"), "unknown"],
  ["a broken pipe", connection("EPIPE"), "unknown"],
  ["a socket that the other side closed", connection("UND_ERR_SOCKET"), "unknown"],
  ["a deadline", new WebAPIRequestError(new Error("no answer in time")), "unknown"],
  ["a deadline while the answer was read", new Error("no answer in time"), "unknown"],
  ["anything else that is thrown", undefined, "unknown"],
  ["HTTP 500", new WebAPIHTTPError(500, "", {}), "unknown"],
  ["HTTP 408", new WebAPIHTTPError(408, "", {}), "unknown"],
  ["HTTP 404", new WebAPIHTTPError(404, "", {}), "undone"],
  ["HTTP 413", new WebAPIHTTPError(413, "", {}), "undone"],
  ["too many calls", new WebAPIRateLimitedError(3), "limited"],
  ["a no", platform("not_in_channel"), "refused"],
  ["a no that nobody knows", platform("brand_new_error"), "refused"],
  ["a token that is not good any more", platform("token_revoked"), "revoked"],
  ["a failure of Slack", platform("internal_error"), "unknown"],
  ["no code at all", platform(undefined), "unknown"],
  ["a code that is none", platform({ evil: true }), "unknown"],
])("%s is what it is", (_, error, type) => {
  expect(failureOf(error).type).toBe(type);
});

test("a wait is neither nothing nor forever", () => {
  expect(failureOf(new WebAPIRateLimitedError(0))).toMatchObject({ afterMs: 1_000 });
  expect(failureOf(new WebAPIRateLimitedError(-7))).toMatchObject({ afterMs: 1_000 });
  expect(failureOf(new WebAPIRateLimitedError(99_999))).toMatchObject({ afterMs: 3_600_000 });
});

test("no reason repeats what an exception or an answer says", () => {
  const secret = "xoxb-1-secret";
  const errors = [
    new WebAPIRequestError(new TypeError(`Headers.append: "Bearer ${secret}" is an invalid header value.`)),
    new WebAPIHTTPError(500, secret, { "x-token": secret }, secret),
    platform(`<html>${secret}</html>`),
    new Error(secret),
  ];
  for (const error of errors) expect(JSON.stringify(failureOf(error))).not.toContain(secret);
});
