import { expect, test } from "vitest";

import { secretsOf, slackSettings } from "./settings.ts";

test("only the way in has to be said", () => {
  const socket = slackSettings.parse({ mode: "socket" });
  expect(socket).toEqual({ mode: "socket", apiUrl: "https://slack.com/api/", timeoutMs: 10_000, backfill: [] });
  expect(secretsOf(socket)).toEqual(["botToken", "appToken"]);
  const webhook = slackSettings.parse({ mode: "webhook", team: "T0123ABC", app: "A0123ABC" });
  expect(secretsOf(webhook)).toEqual(["botToken", "signingSecret"]);
});

test.each([
  [{}, /mode/],
  [{ mode: "rtm" }, /socket .*or webhook/],
  [{ mode: "webhook", backfill: ["C0ROOM"] }, /backfill/],
  [{ mode: "socket", backfill: ["#general"] }, /channel id/],
  [{ mode: "socket", team: "my-team" }, /workspace id/],
  [{ mode: "socket", app: "my-app" }, /app id/],
  [{ mode: "socket", apiUrl: "http://slack.example.org/api/" }, /https/],
  [{ mode: "socket", apiUrl: "ftp://127.0.0.1/" }, /https/],
  [{ mode: "socket", apiUrl: "slack" }, /https/],
  [{ mode: "socket", timeoutMs: 0 }, /100/],
  [{ mode: "socket", botToken: "xoxb-1" }, /botToken/],
])("%j is refused with what is wrong", (settings, said) => {
  const parsed = slackSettings.safeParse(settings);
  expect(parsed.success).toBe(false);
  expect(JSON.stringify(parsed.error?.issues)).toMatch(said);
});

test.each(["http://127.0.0.1:8080/api/", "http://localhost/api/", "http://[::1]:1/", "https://proxy.example.org/api/"])(
  "%s may be the Web API",
  (apiUrl) => {
    expect(slackSettings.safeParse({ mode: "socket", apiUrl }).success).toBe(true);
  },
);
