import { expect, test } from "vitest";

import { rateLimitOf } from "./rate-limit.ts";

// 2026-11-21 12:00:00 UTC
const NOW = 1_795_262_400_000;
const HOUR = 3_600_000;
const seconds = (ms: number): number => Math.floor(ms / 1_000);
const read = (message: string, data?: unknown, code = -32_603): ReturnType<typeof rateLimitOf> =>
  rateLimitOf({ code, message, data }, NOW);

test.each([
  ["an epoch after a bar", `Claude AI usage limit reached|${seconds(NOW + HOUR)}`, NOW + HOUR],
  [
    "days, hours and minutes",
    "You've hit your usage limit. Upgrade or try again in 2 days 17 hours 14 minutes.",
    NOW + 65 * HOUR + 14 * 60_000,
  ],
  ["seconds with a fraction", "Quota exceeded for metric x. Please retry in 35.5s.", NOW + 35_500],
  ["a clock in a zone", "You've hit your limit · resets 1:30am (Asia/Dhaka)", NOW + 7.5 * HOUR],
  ["a full hour in a zone", "You've hit your session limit ∙ resets 3pm (UTC)", NOW + 3 * HOUR],
  ["an hour of tomorrow", "5-hour limit reached ∙ resets 11am (UTC)", NOW + 23 * HOUR],
  [
    "a provider's JSON in a sentence",
    `429 {"error":{"type":"usage_limit_reached","resets_at":${seconds(NOW + HOUR)}}}`,
    NOW + HOUR,
  ],
])("%s in the error's words is read", (_, message, until) => {
  expect(read(message)).toEqual({ until });
  expect(read("Internal error", { details: message })).toEqual({ until });
  expect(read("Internal error", message)).toEqual({ until });
});

test.each([
  ["resets_at in seconds", { error: { code: 429, resets_at: seconds(NOW + HOUR) } }, NOW + HOUR],
  ["resetsAt in milliseconds", { status: 429, resetsAt: NOW + HOUR }, NOW + HOUR],
  ["a date", { status: "429", reset_time: new Date(NOW + HOUR).toISOString() }, NOW + HOUR],
  ["resets_in_seconds", { type: "usage_limit_reached", resets_in_seconds: 90 }, NOW + 90_000],
  ["retry-after", { statusCode: 429, headers: { "retry-after": "30" } }, NOW + 30_000],
  ["retryDelay", [{ reason: "RATE_LIMIT_EXCEEDED", retryDelay: "12.5s" }], NOW + 12_500],
])("%s in the error's data is read", (_, data, until) => {
  expect(read("Internal error", data)).toEqual({ until });
});

test.each([
  ["no time at all", "Too many requests", undefined],
  ["a time that has passed", `usage limit reached|${seconds(NOW - HOUR)}`, undefined],
  ["a time that no limit has", "usage limit. Try again in 400 days.", undefined],
  ["no time zone", "You've hit your limit · resets 3pm (Middle/Earth)", undefined],
  ["no hour", "You've hit your limit · resets 25pm (UTC)", undefined],
  ["a number that is none", "Internal error", { status: 429, resets_at: "soon", retryAfter: Number.POSITIVE_INFINITY }],
])("a limit with %s is a limit without a time", (_, message, data) => {
  expect(read(message, data)).toEqual({});
});

test.each([
  ["an ordinary failure", "The model said no", { details: "try again in 5 minutes" }],
  ["a refused login", "Authentication required", { status: 401 }],
  ["a bad request", "Invalid params", { status: 400, message: "limit must be a number" }],
])("%s is no limit", (_, message, data) => {
  expect(read(message, data)).toBeUndefined();
});

test("whatever an agent puts into its error is read in bounded time", () => {
  let deep: unknown = { status: 429 };
  for (let level = 0; level < 50; level++) deep = { deep };
  expect(read("x", deep)).toBeUndefined();
  const wide = Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`k${at}`, "usage "]));
  expect(read("x", wide)).toBeUndefined();
  expect(read(`try again in ${"1 d ".repeat(50_000)}`)).toBeUndefined();
  expect(read(`usage limit. resets ${" ".repeat(100_000)}`)).toEqual({});
});
