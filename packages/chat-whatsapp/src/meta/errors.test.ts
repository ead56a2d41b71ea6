import { expect, test } from "vitest";

import { outcomeOfFailure } from "./errors.ts";

const error = (code: number, more: object = {}): object => ({
  error: { message: `(#${code}) something`, type: "OAuthException", code, fbtrace_id: "A", ...more },
});

const outcome = (
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): ReturnType<typeof outcomeOfFailure> => outcomeOfFailure(status, new Headers(headers), body, 1_000_000);

test.each([
  [130_429, 2_000, "account"],
  [80_007, 60_000, "account"],
  [4, 60_000, "account"],
  [131_056, 6_000, "room"],
  [131_048, 600_000, "account"],
  [131_016, 30_000, "account"],
  [2, 30_000, "account"],
])("code %i waits %i ms for the %s", (code, afterMs, scope) => {
  expect(outcome(400, error(code))).toMatchObject({ type: "retry", afterMs, scope });
});

test("a platform that says how long to wait is believed, up to an hour", () => {
  expect(outcome(429, error(130_429), { "retry-after": "17" })).toMatchObject({ type: "retry", afterMs: 17_000 });
  expect(outcome(429, undefined, { "retry-after": "999999" })).toMatchObject({ afterMs: 3_600_000 });
  const date = new Date(1_000_000 + 30_000).toUTCString();
  expect(outcome(429, undefined, { "retry-after": date })).toMatchObject({ type: "retry", afterMs: 30_000 });
  expect(outcome(429, undefined, { "retry-after": "soon" })).toMatchObject({ afterMs: 60_000 });
});

test.each([
  [131_026, "cannot deliver"],
  [131_047, "24 hours"],
  [132_000, "exactly one"],
  [132_001, "template.name"],
  [999_999, "(999999)"],
])("code %i is refused with what to do", (code, words) => {
  expect(outcome(400, error(code))).toMatchObject({ type: "refused", reason: expect.stringContaining(words) });
});

test.each([
  [133_010, "not registered"],
  [131_042, "payment"],
  [368, "restricted"],
])("code %i is of the account: what waits goes out once it is mended", (code, words) => {
  const reason: unknown = expect.stringContaining(words);
  expect(outcome(400, error(code))).toEqual({ type: "retry", afterMs: 600_000, scope: "account", reason });
});

test("a revoked token waits for a person with how to mend it, and is not repeated from Meta's sentence", () => {
  const token = "EAAGm0PX4ZCpsBAKZ";
  const said = outcome(401, error(190, { message: `Malformed access token ${token}` }));
  expect(said).toEqual({
    type: "retry",
    afterMs: 600_000,
    scope: "account",
    reason:
      "Meta does not accept the access token: make a new one for the system user and put it in the place of accessToken (190)",
  });
});

test("what looks like a token is cut out of any other sentence", () => {
  const token = "EAAG".repeat(20);
  const said = outcome(400, error(100, { message: `Bad parameter ${token} here` }));
  expect(said).toMatchObject({ type: "refused", reason: "Bad parameter … here (100)" });
});

test("a missing phone number is told from any other wrong parameter", () => {
  expect(outcome(400, error(100, { error_subcode: 33 }))).toMatchObject({
    type: "retry",
    reason: expect.stringContaining("phoneNumberId"),
  });
});

test.each([
  [500, error(131_000)],
  [500, error(1)],
  [400, error(131_000)],
  [500, undefined],
  [502, "<html>"],
  [503, {}],
])("status %i with %j is uncertain", (status, body) => {
  expect(outcome(status, body)).toMatchObject({ type: "uncertain" });
});

test("a redirect is refused, because the token must not go elsewhere", () => {
  expect(outcome(302, undefined)).toMatchObject({ type: "refused", reason: expect.stringContaining("graphUrl") });
});

test("a refusal without a code is judged by its status", () => {
  expect(outcome(401, "<html>")).toMatchObject({ type: "retry", reason: expect.stringContaining("accessToken") });
  expect(outcome(400, { error: { code: "x" } })).toEqual({ type: "refused", reason: "Meta answered with status 400" });
});
