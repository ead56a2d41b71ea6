/** How often Discord is dialed and asked, and what settings are taken. */
import { createPrng } from "@skein/core/testing";
import { expect, test } from "vitest";

import { createApi } from "./api.ts";
import { backoffMs, BREAKER_AT, CAP_MS } from "./backoff.ts";
import { createInvalidBudget, INVALID_MAX } from "./invalid-budget.ts";
import { meaningOf } from "./link-end.ts";
import { settingsSchema } from "./settings.ts";

test("waits are spread over the whole range, grow, and are never longer than the cap", () => {
  const random = createPrng(7);
  for (let failures = 1; failures < 40; failures++) {
    const waits = Array.from({ length: 300 }, () => backoffMs(failures, random));
    const ceiling = Math.min(CAP_MS, 1_000 * 2 ** (failures - 1));
    const floor = failures >= BREAKER_AT ? CAP_MS / 2 : 0;
    expect(Math.max(...waits)).toBeLessThanOrEqual(Math.max(ceiling, floor));
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(floor);
    expect(Math.min(...waits)).toBeLessThan(floor + (ceiling - floor) / 5);
    expect(Math.max(...waits)).toBeGreaterThan((ceiling * 4) / 5);
  }
});

test("refusals are counted over ten minutes, and forgotten after them", () => {
  let nowMs = 0;
  const budget = createInvalidBudget({ monoMs: () => nowMs });
  for (let count = 0; count < INVALID_MAX - 1; count++) budget.note([401, 403, 429][count % 3] ?? 0);
  for (let count = 0; count < 100; count++) budget.note(404);
  expect(budget.waitMs()).toBe(0);
  nowMs = 9 * 60_000;
  budget.note(403);
  const waitMs = budget.waitMs();
  expect(waitMs).toBeGreaterThan(0);
  nowMs += waitMs;
  expect(budget.waitMs()).toBe(0);
});

test("with the budget used up nothing is asked any more, by a transport that is only refused", async () => {
  const invalid = createInvalidBudget({ monoMs: () => 0 });
  for (let count = 0; count < INVALID_MAX - 1; count++) invalid.note(403);
  let asked = 0;
  const refusing: typeof fetch = () => {
    asked++;
    const headers = { "content-type": "application/json" };
    return Promise.resolve(
      new Response(JSON.stringify({ code: 50_001, message: "Missing Access" }), { status: 403, headers }),
    );
  };
  const api = createApi({ api: "http://localhost" }, { ...SERVICES, fetch: refusing }, invalid);
  expect(await api.request("GET", "/users/@me")).toMatchObject({
    error: { type: "refused", status: 403, code: 50_001 },
  });
  expect(await api.request("GET", "/users/@me")).toMatchObject({ error: { type: "limited", scope: "account" } });
  expect(asked).toBe(1);
  await api.close();
});

const SERVICES = {
  account: "team",
  clock: { monoMs: () => 0, wallMs: () => 0, after: () => () => undefined },
  random: createPrng(1),
  log: () => undefined,
  verifier: {} as never,
  secret: () => "token",
  verbs: [],
};

test("an answer without end is cut off", async () => {
  const endless: typeof fetch = () => {
    const chunk = new Uint8Array(1_024 * 1_024);
    return Promise.resolve(new Response(new ReadableStream({ pull: (out) => out.enqueue(chunk) })));
  };
  const api = createApi({ api: "http://localhost" }, { ...SERVICES, fetch: endless });
  expect(await api.request("GET", "/users/@me")).toMatchObject({ error: { type: "uncertain" } });
  await api.close();
});

test("only codes that a person has to do something about are fatal", () => {
  const types = [1000, 1006, 4000, 4001, 4002, 4003, 4004, 4005, 4007, 4008, 4009, 4010, 4011, 4012, 4013, 4014].map(
    (code) => `${code} ${meaningOf({ type: "closed", code }).type}`,
  );
  expect(types).toEqual([
    "1000 again",
    "1006 again",
    "4000 again",
    "4001 again",
    "4002 again",
    "4003 new-session",
    "4004 fatal",
    "4005 new-session",
    "4007 new-session",
    "4008 again",
    "4009 new-session",
    "4010 fatal",
    "4011 fatal",
    "4012 fatal",
    "4013 fatal",
    "4014 fatal",
  ]);
});

const MINIMAL = { mode: "gateway", application: "900000000000000001" };

test("settings have defaults, and Discord's own addresses are among them", () => {
  expect(settingsSchema.parse(MINIMAL)).toMatchObject({
    command: "skein",
    channels: [],
    messageContent: true,
    api: "https://discord.com/api",
    gateway: "wss://gateway.discord.gg",
  });
});

test.each([
  [{ ...MINIMAL, mode: "interactions" }, "publicKey"],
  [{ ...MINIMAL, publicKey: "abc" }, "64 hexadecimal digits"],
  [{ ...MINIMAL, application: 900_000_000_000_000 }, "in quotes"],
  [{ ...MINIMAL, application: "skein" }, "15 to 20 digits"],
  [{ ...MINIMAL, command: "Skein" }, "small letters"],
  [{ ...MINIMAL, gateway: "https://gateway.discord.gg" }, "wss://gateway.discord.gg"],
  [{ ...MINIMAL, token: "secret" }, "token"],
])("%j is refused, and it says why", (settings, expected) => {
  const read = settingsSchema.safeParse(settings);
  expect(read.success).toBe(false);
  expect(JSON.stringify(read.error?.issues)).toContain(expected);
});
