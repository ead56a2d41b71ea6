import { expect, test } from "vitest";

import type { Failure } from "./http.ts";
import { toOutcome, toReactionOutcome } from "./outcome.ts";

const refused = (status: number, code: string, retryAfterMs?: number): Failure => ({
  type: "refused",
  status,
  code,
  message: "no",
  retryAfterMs,
});

test.each([
  [
    { type: "ok", value: "$sent" },
    { type: "sent", message: "$sent" },
  ],
  [
    { type: "unsent", reason: "no way" },
    { type: "retry", scope: "account", reason: "no way" },
  ],
  [
    { type: "unclear", reason: "cut" },
    { type: "uncertain", reason: "cut" },
  ],
  [
    { type: "too-long", reason: "long" },
    { type: "uncertain", reason: "long" },
  ],
] as const)("%j becomes %j", (answer, outcome) => {
  expect(toOutcome(answer)).toMatchObject(outcome);
});

test.each([
  [429, "M_LIMIT_EXCEEDED", "retry"],
  [401, "M_UNKNOWN_TOKEN", "retry"],
  [401, "M_USER_LOCKED", "retry"],
  [403, "M_RESOURCE_LIMIT_EXCEEDED", "retry"],
  [404, "M_UNRECOGNIZED", "retry"],
  [404, "", "retry"],
  [403, "M_FORBIDDEN", "refused"],
  [413, "M_TOO_LARGE", "refused"],
  [413, "", "refused"],
  [400, "M_UNKNOWN", "refused"],
  [400, "M_DUPLICATE_ANNOTATION", "refused"],
] as const)("status %i with %j is %s", (status, code, type) => {
  expect(toOutcome(refused(status, code)).type).toBe(type);
});

test("a rate limit is waited for as long as the homeserver says, within bounds", () => {
  expect(toOutcome(refused(429, "M_LIMIT_EXCEEDED", 960))).toMatchObject({ afterMs: 960 });
  expect(toOutcome(refused(429, "M_LIMIT_EXCEEDED", 1e12))).toMatchObject({ afterMs: 600_000 });
  expect(toOutcome(refused(429, "M_LIMIT_EXCEEDED"))).toMatchObject({ afterMs: 5_000 });
});

test("only for a reaction it is a success that it is there already", () => {
  expect(toReactionOutcome(refused(400, "M_DUPLICATE_ANNOTATION"))).toEqual({ type: "sent", message: "" });
  expect(toReactionOutcome(refused(403, "M_FORBIDDEN")).type).toBe("refused");
});
