import { createHostDouble } from "@skein/chat/testing";
import type { ChatTransport, WebhookReply, WebhookRequest } from "@skein/chat";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import {
  ADA,
  BOT_USER,
  buttonClick,
  callback,
  eventsOf,
  ROOM,
  slashFields,
  type SlackServer,
  startSlack,
  TEAM,
} from "../support/slack-server.ts";
import { holdDisk } from "../support/slack-stand.ts";
import { createStand, form, FORM_TYPE, JSON_TYPE, signed, type Stand } from "../support/slack-transport.ts";

let slack: SlackServer;
let stand: Stand;
let transport: ChatTransport;
let host: ReturnType<typeof createHostDouble>;

beforeEach(async () => {
  slack = await startSlack();
  host = createHostDouble();
  stand = createStand({ mode: "webhook", apiUrl: slack.apiUrl, app: "A0TEST" });
  transport = stand.transport;
});

afterEach(async () => {
  await transport.close();
  await slack.close();
});

async function post(request: WebhookRequest): Promise<WebhookReply> {
  if (transport.webhook === undefined) throw new Error("the transport takes no webhooks");
  return transport.webhook(request, host);
}
const postEvent = (event: unknown, options?: Parameters<typeof signed>[2]): Promise<WebhookReply> =>
  post(signed(JSON.stringify(event), JSON_TYPE, options));
const postForm = (fields: Readonly<Record<string, string>>): Promise<WebhookReply> =>
  post(signed(form(fields), FORM_TYPE));

const message = { channel: ROOM, user: ADA, team: TEAM, ts: "1700000001.000100", text: "status" };

test("a transport in webhook mode opens nothing", () => {
  expect(Object.keys(transport)).toContain("webhook");
  expect(Object.keys(transport)).not.toContain("open");
});

describe("what is not genuine", () => {
  const body = JSON.stringify(eventsOf(message)[0]);
  const now = Math.floor(Date.now() / 1_000);

  test.each<[string, () => WebhookRequest]>([
    ["has another secret", () => signed(body, JSON_TYPE, { secret: "another" })],
    ["has no signature", () => signed(body, JSON_TYPE, { headers: { "x-slack-signature": [] } })],
    ["has an old timestamp", () => signed(body, JSON_TYPE, { seconds: now - 400 })],
    ["has a timestamp of the future", () => signed(body, JSON_TYPE, { seconds: now + 400 })],
    ["was changed on the way", () => ({ ...signed(body, JSON_TYPE), body: new TextEncoder().encode(`${body} `) })],
    [
      "asks for the challenge",
      () => signed('{"type":"url_verification","challenge":"c"}', JSON_TYPE, { secret: "another" }),
    ],
    ["is no request that Slack makes", () => ({ method: "GET", url: "/", headers: {}, body: new Uint8Array() })],
    ["is signed, and unreadable before that", () => signed("{", JSON_TYPE, { secret: "another" })],
  ])("is 401 and nothing else when it %s", async (_, make) => {
    expect(await post(make())).toEqual({ status: 401 });
    expect(host.received).toEqual([]);
    expect(host.troubles).toEqual([]);
    expect(slack.calls).toEqual([]);
  });
});

test("the address is verified with the challenge, only when it is signed", async () => {
  const reply = await postEvent({ type: "url_verification", token: "unused", challenge: "3eZbrw1aB10" });
  expect(reply).toEqual({ status: 200, headers: { "content-type": "text/plain" }, body: "3eZbrw1aB10" });
});

test("a message is durable before it is answered, and the answer of a repetition is no other", async () => {
  const event = eventsOf(message)[0];
  host.failure = "the disk is full";
  expect(await postEvent(event)).toEqual({ status: 503 });
  expect(host.received).toEqual([]);
  host.failure = undefined;
  const retry = { headers: { "x-slack-retry-num": ["1"], "x-slack-retry-reason": ["http_error"] } };
  expect(await postEvent(event, retry)).toEqual({ status: 200 });
  expect(await postEvent(event, retry)).toEqual({ status: 200 });
  expect(host.received.map(({ id }) => id)).toEqual(Array(2).fill(`${TEAM}/${ROOM}/${message.ts}`));
});

test("the answer waits for the disk", async () => {
  const finish = holdDisk(host);
  let isAnswered = false;
  const reply = postEvent(eventsOf(message)[0]).then((got) => {
    isAnswered = true;
    return got;
  });
  await postEvent({ type: "url_verification", challenge: "c" });
  expect(isAnswered).toBe(false);
  finish();
  expect(await reply).toEqual({ status: 200 });
});

test("a mention has one id over both of its events", async () => {
  const events = eventsOf({ ...message, text: `<@${BOT_USER}|skein>: status &amp; more` });
  expect(events).toHaveLength(2);
  for (const event of events) expect(await postEvent(event)).toEqual({ status: 200 });
  const [first, second] = host.received;
  expect(first).toEqual(second);
  expect(first).toMatchObject({ text: "status & more", addressed: true });
});

test("a slash command is acknowledged to the one who typed it, and again delivered after a refusing disk", async () => {
  const fields = slashFields({ text: 'new "Say hello"' });
  host.failure = "the disk is full";
  expect(await postForm(fields)).toEqual({ status: 503 });
  host.failure = undefined;
  const reply = await postForm(fields);
  expect(reply).toMatchObject({ status: 200, headers: { "content-type": "application/json" } });
  expect(JSON.parse(reply.body ?? "")).toEqual({ response_type: "ephemeral", text: "Received; the answer follows." });
  expect(host.received).toMatchObject([
    {
      id: fields["trigger_id"],
      type: "slash",
      principal: `slack:${TEAM}/${ADA}`,
      displayName: "ada",
      room: ROOM,
      text: 'new "Say hello"',
      addressed: true,
      message: "",
    },
  ]);
  expect(Math.abs((host.received[0]?.atMs ?? 0) - Date.now())).toBeLessThan(60_000);
});

test("a button is an event of whoever pressed it", async () => {
  host.failure = "the disk is full";
  const payload = JSON.stringify(buttonClick({ user: { id: ADA, name: "ada", team_id: "T0FOREIGN" } }));
  expect(await postForm({ payload })).toEqual({ status: 503 });
  host.failure = undefined;
  expect(await postForm({ payload })).toEqual({ status: 200 });
  expect(host.received).toMatchObject([
    { type: "button", principal: `slack:T0FOREIGN/${ADA}`, text: "approve 01ABC 3", message: "1700000001.000100" },
  ]);
});

test("commands and clicks without a trigger id keep one id through repetitions", async () => {
  const { trigger_id: _, ...fields } = slashFields({});
  const request = signed(form(fields), FORM_TYPE);
  await post(request);
  await post(request);
  const payload = JSON.stringify(buttonClick({ trigger_id: undefined }));
  await postForm({ payload });
  const ids = host.received.map(({ id }) => id);
  expect(ids).toHaveLength(3);
  expect(new Set(ids).size).toBe(2);
  expect(ids.every((id) => /^sha256:[0-9a-f]{64}$/.test(id))).toBe(true);
});

test("other apps are 401, other workspaces are answered and ignored", async () => {
  const event = { type: "message", ...message };
  expect(await postEvent(callback(event, { api_app_id: "A0THER" }))).toEqual({ status: 401 });
  expect(await postForm(slashFields({ api_app_id: "A0THER" }))).toEqual({ status: 401 });
  const elsewhere = { team_id: "T0FOREIGN", context_team_id: "T0FOREIGN", authorizations: [] };
  expect(await postEvent(callback(event, elsewhere))).toEqual({ status: 200 });
  expect(await postForm(slashFields({ team_id: "T0FOREIGN" }))).toMatchObject({ status: 200 });
  const click = JSON.stringify(buttonClick({ team: { id: "T0FOREIGN" } }));
  expect(await postForm({ payload: click })).toEqual({ status: 200 });
  expect(host.received).toEqual([]);
});

test("Slack's own limit is passed on to people, and a look at the certificate is answered", async () => {
  const limited = { type: "app_rate_limited", token: "unused", team_id: TEAM, minute_rate_limited: 1518467820 };
  expect(await postEvent(limited)).toEqual({ status: 200 });
  expect(host.troubles).toMatchObject([{ severity: "passing" }]);
  expect(await postForm({ ssl_check: "1", token: "unused" })).toEqual({ status: 200 });
});

test("what is signed and unreadable is 400, what is signed and unknown is answered and nothing", async () => {
  expect(await post(signed("{", JSON_TYPE))).toEqual({ status: 400 });
  expect(await post(signed("{}", "text/plain"))).toEqual({ status: 400 });
  expect(await postForm({ payload: "{" })).toEqual({ status: 400 });
  expect(await post({ ...signed("{}", JSON_TYPE), method: "PUT" })).toEqual({ status: 405 });
  const both = { headers: { "content-type": [JSON_TYPE, FORM_TYPE] } };
  expect(await post(signed("{}", JSON_TYPE, both))).toEqual({ status: 400 });
  for (const odd of [{}, [], null, 7, { type: "event_callback" }, callback({ type: "team_join" })]) {
    expect(await postEvent(odd)).toEqual({ status: 200 });
  }
  expect(await postForm({ payload: JSON.stringify({ type: "view_submission" }) })).toEqual({ status: 200 });
  expect(host.received).toEqual([]);
});

test("until it is known whose token this is, Slack is asked to repeat", async () => {
  slack.fault = () => ({ type: "status", status: 500 });
  expect(await postEvent(eventsOf(message)[0])).toEqual({ status: 503 });
  slack.fault = () => undefined;
  expect(await postEvent(eventsOf(message)[0])).toEqual({ status: 200 });
  expect(await postEvent(eventsOf(message)[0])).toEqual({ status: 200 });
  expect(slack.calls.map(({ method }) => method)).toEqual(["auth.test", "auth.test"]);
});

test("a revoked token is told, once, to whoever is in front of the transport", async () => {
  slack.revoked = true;
  expect(await postEvent(eventsOf(message)[0])).toEqual({ status: 503 });
  expect(await postEvent(eventsOf(message)[0])).toEqual({ status: 503 });
  expect(host.troubles).toEqual([{ severity: "fatal", message: expect.stringContaining("token_revoked") }]);
});
