/** The whole transport against Meta's side of the Cloud API: what comes in, over real HTTP with real signatures. */
import { createHmac, randomBytes } from "node:crypto";

import type { ChatTransport } from "@skein/chat";
import { createHostDouble, type HostDouble } from "@skein/chat/testing";
import { whatsappKind } from "@skein/chat-whatsapp";
import { afterEach, beforeEach, expect, test } from "vitest";

import { createMetaServer, type MetaServer } from "../support/meta-server.ts";
import { createStand, serveWebhook, type Stand, type WebhookAddress } from "../support/webhook-stand.ts";

const PHONE = "106540352242922";
const ADA = "16505551234";
const EVE = "4915551111111";
const SECRETS = {
  accessToken: `EAA${randomBytes(40).toString("base64url")}`,
  appSecret: randomBytes(16).toString("hex"),
  verifyToken: randomBytes(12).toString("hex"),
};

let meta: MetaServer;
let host: HostDouble;
let stand: Stand;
let transport: ChatTransport;
let webhook: WebhookAddress;

beforeEach(async () => {
  meta = await createMetaServer({ ...SECRETS, phoneNumberId: PHONE });
  host = createHostDouble();
  stand = createStand("whatsapp", SECRETS);
  const settings = whatsappKind.settings.parse({ phoneNumberId: PHONE, graphUrl: meta.url });
  transport = whatsappKind.create(settings, stand.context);
  webhook = await serveWebhook(() => transport, host);
});

afterEach(async () => {
  await transport.close();
  await webhook.close();
  await meta.close();
});

const text = (body: string, more: object = {}): object => ({
  from: ADA,
  id: `wamid.${body}`,
  timestamp: "1790000000",
  type: "text",
  text: { body },
  ...more,
});

const contact = (waId: string, name = "Ada", more: object = {}): object => ({
  profile: { name },
  wa_id: waId,
  ...more,
});

const idsOf = (): readonly string[] => host.received.map(({ id }) => id);

// ── the handshake ───────────────────────────────────────────────────────────────────────────────────────────────────

test("Meta registers the webhook with the verify token", async () => {
  expect(await meta.verify(webhook.url, SECRETS.verifyToken, "1158201444")).toEqual({
    status: 200,
    body: "1158201444",
  });
});

test.each([
  ["a wrong token", { "hub.mode": "subscribe", "hub.verify_token": "wrong", "hub.challenge": "1" }],
  ["no token", { "hub.mode": "subscribe", "hub.challenge": "1" }],
  ["no challenge", { "hub.mode": "subscribe", "hub.verify_token": SECRETS.verifyToken }],
  ["another mode", { "hub.mode": "unsubscribe", "hub.verify_token": SECRETS.verifyToken, "hub.challenge": "1" }],
  [
    "a challenge with markup",
    { "hub.mode": "subscribe", "hub.verify_token": SECRETS.verifyToken, "hub.challenge": "<b>" },
  ],
  ["nothing", {}],
])("a handshake with %s is refused", async (_, query) => {
  const answer = await fetch(`${webhook.url}?${new URLSearchParams(query).toString()}`);
  expect(answer.status).toBe(403);
  expect(await answer.text()).toBe("");
});

test("a handshake with two tokens is refused, even if one is right", async () => {
  const query = `hub.mode=subscribe&hub.challenge=1&hub.verify_token=x&hub.verify_token=${SECRETS.verifyToken}`;
  expect((await fetch(`${webhook.url}?${query}`)).status).toBe(403);
});

test("other methods are not for anybody", async () => {
  expect((await fetch(webhook.url, { method: "PUT", body: "{}" })).status).toBe(405);
});

// ── messages ────────────────────────────────────────────────────────────────────────────────────────────────────────

test("a batch of three messages and two statuses over several entries arrives whole", async () => {
  const key = "ab".repeat(32);
  const delivery = await meta.notify(webhook.url, [
    { contacts: [contact(ADA)], messages: [text("one"), text("two")] },
    { statuses: [{ id: "wamid.X", status: "read", timestamp: "1790000001", biz_opaque_callback_data: key }] },
    {
      contacts: [contact(EVE, "Eve")],
      messages: [text("three", { from: EVE })],
      statuses: [{ id: "wamid.X", status: "delivered", timestamp: "1790000000", biz_opaque_callback_data: key }],
    },
  ]);
  expect(delivery.status).toBe(200);
  expect(host.received.map(({ principal, text: said, displayName }) => [principal, said, displayName])).toEqual([
    [`whatsapp:${ADA}`, "one", "Ada"],
    [`whatsapp:${ADA}`, "two", "Ada"],
    [`whatsapp:${EVE}`, "three", "Eve"],
  ]);
  // Out of order, as they come: what is later is for the one who keeps them to say.
  expect(host.statuses).toEqual([
    { key, message: "wamid.X", status: "read" },
    { key, message: "wamid.X", status: "delivered" },
  ]);
});

test("characters that Meta escapes arrive as they were typed", async () => {
  const said = 'Für Zoë 👍🏽 — 日本 \u0000 \u2028 "quoted"';
  expect(
    (await meta.notify(webhook.url, [{ contacts: [contact(ADA, "Zoë 🦄")], messages: [text(said)] }])).status,
  ).toBe(200);
  expect(host.received).toMatchObject([{ text: said, displayName: "Zoë 🦄" }]);
});

test("one changed byte is refused, and nothing happens", async () => {
  const tamper = (body: string): string => body.replace("approve 12", "approve 13");
  const delivery = await meta.notify(webhook.url, [{ messages: [text("approve 12")] }], { tamper });
  expect(delivery).toEqual({ status: 401, body: "" });
  expect(host.received).toEqual([]);
  expect(stand.log).toMatchObject([{ level: "warn", event: "chat-webhook-refused" }]);
});

test("the same JSON in other bytes is refused", async () => {
  const tamper = (body: string): string => JSON.stringify(JSON.parse(body));
  expect((await meta.notify(webhook.url, [{ messages: [text("é")] }], { tamper })).status).toBe(401);
  expect(host.received).toEqual([]);
});

test.each([
  ["another app's secret", { secret: "not the app's" }],
  ["no signature", { signatures: [] }],
  ["an empty signature", { signatures: [""] }],
  ["two signatures", { signatures: ["sha256=00", "sha256=11"] }],
])("a notification with %s is refused before it is read", async (_, options) => {
  expect((await meta.notify(webhook.url, [{ messages: [text("x")] }], options)).status).toBe(401);
  expect((await meta.notify(webhook.url, "{ not json", options)).status).toBe(401);
  expect([host.received, host.statuses, host.troubles]).toEqual([[], [], []]);
});

test("the right signature twice is refused", async () => {
  const body = "{}";
  const right = `sha256=${createHmac("sha256", SECRETS.appSecret).update(body).digest("hex")}`;
  expect((await meta.notify(webhook.url, body, { signatures: [right, right] })).status).toBe(401);
});

test("strangers who knock all day are told of once a minute", async () => {
  for (let knock = 0; knock < 5; knock += 1) await meta.notify(webhook.url, "{}", { secret: "wrong" });
  expect(stand.log).toHaveLength(1);
  stand.time.advance(60_000);
  await meta.notify(webhook.url, "{}", { secret: "wrong" });
  expect(stand.log).toMatchObject([{ fields: { before: 0 } }, { fields: { before: 4 } }]);
});

test("a notification that is delivered again has the same ids", async () => {
  const changes = [{ contacts: [contact(ADA)], messages: [text("one"), text("two")] }];
  await meta.notify(webhook.url, changes);
  const first = structuredClone(host.received);
  await meta.notify(webhook.url, changes);
  expect(host.received).toEqual([...first, ...first]);
});

test("what a full disk refused is not acknowledged, and comes again until it is", async () => {
  host.failure = "the disk is full";
  const key = "cd".repeat(32);
  const changes = [
    { messages: [text("approve 12")], statuses: [{ id: "wamid.X", status: "sent", biz_opaque_callback_data: key }] },
  ];
  const delivery = await meta.notify(webhook.url, changes);
  expect(delivery).toEqual({ status: 500, body: "" });
  // Nothing is told half.
  expect([host.received, host.statuses]).toEqual([[], []]);
  host.failure = undefined;
  expect(await meta.notifyUntilTaken(webhook.url, changes, 3)).toEqual([200]);
  expect(idsOf()).toEqual(["wamid.approve 12"]);
  expect(host.statuses).toHaveLength(1);
});

test("statuses alone need no disk", async () => {
  host.failure = "the disk is full";
  expect((await meta.notify(webhook.url, [{ statuses: [{ id: "wamid.X", status: "delivered" }] }])).status).toBe(200);
  expect(host.statuses).toEqual([{ key: null, message: "wamid.X", status: "delivered" }]);
});

test("a quoted reply and a pressed button say which message they mean", async () => {
  const context = { from: "15550783881", id: "wamid.OURS" };
  const interactive = { type: "button_reply", button_reply: { id: "approve 12", title: "Approve" } };
  await meta.notify(webhook.url, [
    {
      messages: [
        text("approve", { context }),
        { ...text("press"), type: "interactive", text: undefined, interactive, context },
      ],
    },
  ]);
  expect(host.received).toMatchObject([
    { type: "message", quotes: "wamid.OURS", text: "approve" },
    { type: "button", message: "wamid.OURS", text: "approve 12", addressed: true },
  ]);
});

// ── who it is ───────────────────────────────────────────────────────────────────────────────────────────────────────

test("a user id stays the same person over a change of the number that Meta shows", async () => {
  const contacts = [contact(ADA, "Ada", { user_id: "US.123" })];
  const later = [contact("12195555358", "Ada", { user_id: "US.123" })];
  await meta.notify(webhook.url, [
    { contacts, messages: [text("before", { from_user_id: "US.123" })] },
    { contacts: later, messages: [text("after", { from: "12195555358", from_user_id: "US.123" })] },
  ]);
  expect(host.received).toMatchObject([
    { principal: "whatsapp:US.123", room: ADA },
    { principal: "whatsapp:US.123", room: "12195555358" },
  ]);
});

test("a change of number is for the operator to decide, and moves no roles by itself", async () => {
  const system = { body: "User Ada changed from 1 to 2", wa_id: "12195555358", type: "user_changed_number" };
  const changed = { from: ADA, id: "wamid.S", timestamp: "1790000000", type: "system", system };
  expect((await meta.notify(webhook.url, [{ messages: [changed] }])).status).toBe(200);
  const update = { wa_id: ADA, user_id: { previous: "US.1", current: "US.2" } };
  await meta.notify(webhook.url, [{ field: "user_id_update", more: { user_id_update: [update] } }]);
  expect(host.received).toEqual([]);
  expect(host.troubles).toEqual([
    {
      severity: "passing",
      message: expect.stringContaining(`whatsapp:${ADA} on WhatsApp is now whatsapp:12195555358`),
    },
    { severity: "passing", message: expect.stringContaining("whatsapp:US.1 on WhatsApp is now whatsapp:US.2") },
  ]);
  // After the change the new number is somebody new.
  await meta.notify(webhook.url, [{ messages: [text("approve 12", { from: "12195555358" })] }]);
  expect(host.received).toMatchObject([{ principal: "whatsapp:12195555358" }]);
});

test("another person with the same profile name is another principal", async () => {
  await meta.notify(webhook.url, [
    { contacts: [contact(ADA, "Ada"), contact(EVE, "Ada")], messages: [text("approve 12", { from: EVE })] },
  ]);
  expect(host.received).toMatchObject([{ principal: `whatsapp:${EVE}`, displayName: "Ada" }]);
});

test("forwards, groups, echoes, media, other numbers and other fields are acknowledged and execute nothing", async () => {
  const delivery = await meta.notify(webhook.url, [
    { messages: [text("forwarded", { context: { forwarded: true } })] },
    { messages: [text("often", { context: { frequently_forwarded: true } })] },
    { messages: [text("group", { group_id: "G1" })] },
    { messages: [text("echo", { from: "15550783881" })] },
    { messages: [{ ...text("media"), type: "image", text: undefined, image: { id: "1", caption: "approve 12" } }] },
    {
      messages: [
        { ...text("odd"), type: "unsupported", text: undefined, errors: [{ code: 131_051, title: "Unsupported" }] },
      ],
    },
    { phoneNumberId: "999999999", messages: [text("other number")], statuses: [{ id: "wamid.Y", status: "sent" }] },
    { field: "message_echoes", messages: [text("other field")] },
    { field: "account_update", more: { event: "ACCOUNT_RESTRICTION" } },
  ]);
  expect(delivery.status).toBe(200);
  expect([host.received, host.statuses, host.troubles]).toEqual([[], [], []]);
});

test("what is signed and cannot be read is acknowledged, told to the log, and takes nothing with it", async () => {
  expect((await meta.notify(webhook.url, "{ not json")).status).toBe(200);
  expect((await meta.notify(webhook.url, '{"object":"page","entry":[]}')).status).toBe(200);
  const delivery = await meta.notify(webhook.url, [{ messages: [{ id: 7 }, text("approve 12")] }]);
  expect(delivery.status).toBe(200);
  expect(idsOf()).toEqual(["wamid.approve 12"]);
  expect(stand.log.map(({ event }) => event)).toEqual([
    "chat-webhook-unread",
    "chat-webhook-unread",
    "chat-webhook-unread",
  ]);
});

test("problems that Meta reports about the number are told", async () => {
  await meta.notify(webhook.url, [{ more: { errors: [{ code: 130_429, title: "Rate limit hit" }] } }]);
  expect(host.troubles).toEqual([{ severity: "passing", message: "Meta reports a problem: Rate limit hit (130429)." }]);
});
