/** The whole transport against Meta's side of the Cloud API: what goes out, and what becomes of it. */
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";

import type { ChatTransport, OutgoingMessage } from "@skein/chat";
import { createHostDouble } from "@skein/chat/testing";
import { whatsappKind } from "@skein/chat-whatsapp";
import { block, code, plain, strong } from "@skein/core";
import { afterEach, beforeEach, expect, test } from "vitest";

import { createMetaServer, type MetaServer } from "../support/meta-server.ts";
import { waitFor } from "../support/wait.ts";
import { closeServer, createStand, listen, serveWebhook, type Stand } from "../support/webhook-stand.ts";

const PHONE = "106540352242922";
const ADA = "16505551234";
const DAY_MS = 86_400_000;
const TEMPLATE = { name: "item_update", language: "en_US" };
const SECRETS = {
  accessToken: `EAA${randomBytes(40).toString("base64url")}`,
  appSecret: randomBytes(16).toString("hex"),
  verifyToken: randomBytes(12).toString("hex"),
};

let meta: MetaServer;
let stand: Stand;
const opened: ChatTransport[] = [];

const open = (settings: object = {}): ChatTransport => {
  const parsed = whatsappKind.settings.parse({ phoneNumberId: PHONE, graphUrl: meta.url, ...settings });
  const transport = whatsappKind.create(parsed, stand.context);
  opened.push(transport);
  return transport;
};

beforeEach(async () => {
  meta = await createMetaServer({ ...SECRETS, phoneNumberId: PHONE });
  stand = createStand("whatsapp", SECRETS);
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((transport) => transport.close()));
  await meta.close();
});

const KEY = "ef".repeat(32);

const message = (changes: Partial<OutgoingMessage> = {}): OutgoingMessage => ({
  key: KEY,
  room: ADA,
  thread: null,
  threadTitle: "",
  quotes: null,
  body: [plain("Say hello is done")],
  buttons: [],
  onlyFor: null,
  lastInboundMs: stand.context.clock.wallMs() - 1_000,
  ...changes,
});

test("a text is sent under its key, quotes, and shows no preview of links", async () => {
  const body = [strong("S-12"), plain(" is done: "), code("main"), plain(" https://example.org"), block("a\nb")];
  const outcome = await open().send(message({ body, quotes: "wamid.THEIRS" }));
  expect(outcome).toEqual({ type: "sent", message: meta.accepted[0]?.id });
  expect(meta.posted).toEqual([
    {
      url: `/v25.0/${PHONE}/messages`,
      authorization: `Bearer ${SECRETS.accessToken}`,
      payload: {
        messaging_product: "whatsapp",
        recipient_type: "individual",
        to: ADA,
        biz_opaque_callback_data: KEY,
        context: { message_id: "wamid.THEIRS" },
        type: "text",
        text: { body: "*S-12* is done: ```main``` https://example.org\n```a\nb```", preview_url: false },
      },
    },
  ]);
});

test("who shows no number is written to by user id", async () => {
  await open().send(message({ room: "US.123" }));
  expect(meta.posted[0]?.payload).toMatchObject({ recipient: "US.123" });
  expect(meta.posted[0]?.payload).not.toHaveProperty("to");
});

test("three buttons come with their values", async () => {
  const buttons = ["Approve", "Reject", "Show"].map((label) => ({
    label,
    value: `${label} 12`,
    style: "normal" as const,
  }));
  expect(await open().send(message({ buttons }))).toMatchObject({ type: "sent" });
  expect(meta.posted[0]?.payload).toMatchObject({
    type: "interactive",
    interactive: {
      type: "button",
      body: { text: "Say hello is done" },
      action: { buttons: [{ type: "reply", reply: { id: "Approve 12", title: "Approve" } }, {}, {}] },
    },
  });
});

test.each([
  [
    "a fourth button",
    { buttons: [1, 2, 3, 4].map((n) => ({ label: `${n}`, value: `${n}`, style: "normal" as const })) },
  ],
  ["a long label", { buttons: [{ label: "x".repeat(21), value: "x", style: "normal" as const }] }],
  [
    "two buttons of one label",
    { buttons: ["a", "b"].map((value) => ({ label: "x", value, style: "normal" as const })) },
  ],
  ["too much text", { body: [plain("x".repeat(4_097))] }],
  [
    "too much text for buttons",
    { body: [plain("x".repeat(1_025))], buttons: [{ label: "x", value: "x", style: "normal" as const }] },
  ],
  ["no text", { body: [plain(" \n ")] }],
  ["a room that is none", { room: "../../me" }],
])("a message with %s is refused before anything is sent", async (_, changes) => {
  expect(await open().send(message(changes))).toMatchObject({ type: "refused" });
  expect(meta.posted).toEqual([]);
});

test("the longest text that fits is sent", async () => {
  expect(await open().send(message({ body: [plain("x".repeat(4_096))] }))).toMatchObject({ type: "sent" });
});

test("a reaction is put on a message, as often as one likes", async () => {
  const transport = open();
  expect(await transport.react?.(ADA, "wamid.THEIRS", "👀")).toMatchObject({ type: "sent" });
  expect(await transport.react?.(ADA, "wamid.THEIRS", "👀")).toMatchObject({ type: "sent" });
  expect(meta.posted[0]?.payload).toMatchObject({
    to: ADA,
    type: "reaction",
    reaction: { message_id: "wamid.THEIRS", emoji: "👀" },
  });
});

test("foreign text stays text", async () => {
  const hostile = [
    "*approved by Ada*",
    "_x_ ~x~ `x`",
    "```fake```",
    "> Ada wrote: merge",
    "\u202eevil\u0000",
    '"},"to":"1"',
  ];
  const transport = open();
  for (const text of hostile) await transport.send(message({ body: [plain(text)] }));
  expect(meta.accepted.map(({ payload }) => payload["text"])).toEqual(
    ["∗approved by Ada∗", "ˍxˍ ∼x∼ ˋxˋ", "ˋˋˋfakeˋˋˋ", "› Ada wrote: merge", "evil", '"},"to":"1"'].map((body) => ({
      body,
      preview_url: false,
    })),
  );
  expect(meta.accepted.every(({ payload }) => payload["to"] === ADA)).toBe(true);
});

// ── the 24 hours ────────────────────────────────────────────────────────────────────────────────────────────────────

test.each<[string, number | null]>([
  ["a day ago", DAY_MS],
  ["within the last minute of the day", DAY_MS - 30_000],
  ["never", null],
])("without a template nothing is sent to whoever wrote %s", async (_, agoMs) => {
  const lastInboundMs = agoMs === null ? null : stand.context.clock.wallMs() - agoMs;
  expect(await open().send(message({ lastInboundMs }))).toEqual({
    type: "refused",
    reason: expect.stringContaining("only within 24 hours"),
  });
  expect(meta.posted).toEqual([]);
});

test("free text goes out until the window closes, and the template afterwards", async () => {
  const transport = open({ template: TEMPLATE });
  const body = [strong("Say hello"), plain("\nwaits\t for     *you*"), block("a\nb")];
  const sent = message({ body, quotes: "wamid.THEIRS", buttons: [{ label: "Show", value: "show", style: "normal" }] });
  stand.time.advance(DAY_MS - 120_000);
  expect(await transport.send(sent)).toMatchObject({ type: "sent" });
  stand.time.advance(120_000);
  expect(await transport.send(sent)).toMatchObject({ type: "sent" });
  expect(meta.accepted.map(({ payload }) => payload["type"])).toEqual(["interactive", "template"]);
  expect(meta.accepted[1]?.payload).toEqual({
    messaging_product: "whatsapp",
    recipient_type: "individual",
    to: ADA,
    biz_opaque_callback_data: KEY,
    type: "template",
    template: {
      name: "item_update",
      language: { code: "en_US" },
      components: [{ type: "body", parameters: [{ type: "text", text: "Say hello waits for ∗you∗ a b" }] }],
    },
  });
});

test("when Meta's clock says that the window is closed, the template is sent, or it is refused", async () => {
  const closed = { type: "error", status: 400, code: 131_047 } as const;
  meta.faults.push(closed, closed);
  expect(await open().send(message())).toMatchObject({ type: "refused", reason: expect.stringContaining("24 hours") });
  expect(await open({ template: TEMPLATE }).send(message())).toMatchObject({ type: "sent" });
  expect(meta.accepted.map(({ payload }) => payload["type"])).toEqual(["template"]);
});

test("a template that Meta refuses is not sent again", async () => {
  meta.faults.push({ type: "error", status: 400, code: 131_047 }, { type: "error", status: 404, code: 132_001 });
  expect(await open({ template: TEMPLATE }).send(message())).toMatchObject({
    type: "refused",
    reason: expect.stringContaining("template.name"),
  });
  expect(meta.posted).toHaveLength(2);
});

// ── failures ────────────────────────────────────────────────────────────────────────────────────────────────────────

test("limits are waited for by the account or by the room, and nothing is tried again inside", async () => {
  const transport = open();
  meta.faults.push(
    { type: "error", status: 429, code: 130_429, headers: { "retry-after": "3" } },
    { type: "error", status: 400, code: 131_056 },
    { type: "error", status: 400, code: 80_007 },
  );
  expect(await transport.send(message())).toMatchObject({ type: "retry", afterMs: 3_000, scope: "account" });
  expect(await transport.send(message())).toMatchObject({ type: "retry", afterMs: 6_000, scope: "room" });
  expect(await transport.send(message())).toMatchObject({ type: "retry", afterMs: 60_000, scope: "account" });
  expect(meta.posted).toHaveLength(3);
  expect(meta.accepted).toEqual([]);
});

test("an answer that was lost leaves it open until a status with the key says that it was sent", async () => {
  const transport = open();
  meta.faults.push({ type: "dropped" });
  expect(await transport.send(message())).toMatchObject({ type: "uncertain" });
  expect(meta.accepted).toHaveLength(1);
  expect(meta.posted).toHaveLength(1);
  // Meta cannot be asked, and nothing pretends that it could.
  expect("find" in transport).toBe(false);

  const host = createHostDouble();
  const webhook = await serveWebhook(() => transport, host);
  const [accepted] = meta.accepted;
  const opaque = accepted?.payload["biz_opaque_callback_data"];
  await meta.notify(webhook.url, [
    { statuses: [{ id: accepted?.id, status: "sent", biz_opaque_callback_data: opaque }] },
  ]);
  await webhook.close();
  expect(host.statuses).toEqual([{ key: KEY, message: accepted?.id, status: "sent" }]);
});

test.each<[string, object, object]>([
  ["sent", {}, { type: "sent", message: "wamid.REPORTED" }],
  ["failed", { errors: [{ code: 131_026, title: "Undeliverable" }] }, { type: "refused" }],
])(
  "a report that it was %s, which comes before the answer is given up, stands in for the answer",
  async (status, more, outcome) => {
    const transport = open();
    const webhook = await serveWebhook(() => transport, createHostDouble());
    meta.faults.push({ type: "silent" });
    const sending = transport.send(message());
    await waitFor("the request", () => meta.posted.length === 1);
    const statuses = [
      { id: "wamid.OTHER", status: "sent", biz_opaque_callback_data: "00".repeat(32) },
      { id: "wamid.REPORTED", status, biz_opaque_callback_data: KEY, ...more },
    ];
    await meta.notify(webhook.url, [{ statuses }]);
    await webhook.close();
    stand.time.advance(20_000);
    expect(await sending).toMatchObject(outcome);
  },
);

test("a platform that does not answer is given up after the timeout, and nobody knows", async () => {
  meta.faults.push({ type: "silent" });
  const sending = open().send(message());
  await waitFor("the request", () => meta.posted.length === 1);
  stand.time.advance(20_000);
  expect(await sending).toMatchObject({ type: "uncertain", reason: expect.stringContaining("no answer") });
  expect(stand.time.waiting()).toBe(0);
});

test("a platform that nobody reaches was certainly sent nothing", async () => {
  const server = createServer();
  const graphUrl = await listen(server);
  await closeServer(server);
  expect(await open({ graphUrl }).send(message())).toEqual({
    type: "retry",
    afterMs: 5_000,
    reason: "Meta: the connection failed (ECONNREFUSED)",
    scope: "account",
  });
});

test("errors of which Meta knows no more, and answers that make no sense, are uncertain", async () => {
  const transport = open();
  meta.faults.push(
    { type: "error", status: 500, code: 131_000 },
    { type: "raw", status: 502, body: "<html>bad gateway</html>" },
    { type: "raw", status: 200, body: "<html>" },
    { type: "raw", status: 200, body: '{"messages":[]}' },
    { type: "raw", status: 200, body: "x".repeat(2_000_000) },
  );
  for (let attempt = 0; attempt < 5; attempt += 1) {
    expect(await transport.send(message())).toMatchObject({ type: "uncertain" });
  }
});

test("with a revoked token messages wait for a person, who is told how to mend it, and nowhere is the token said", async () => {
  const transport = open();
  meta.revoke();
  const outcome = await transport.send(message());
  expect(outcome).toMatchObject({ type: "retry", reason: expect.stringContaining("make a new one") });
  meta.faults.push({ type: "error", status: 400, code: 100, more: { message: `what is ${SECRETS.accessToken}?` } });
  const other = await transport.send(message());
  expect(other).toMatchObject({ type: "refused" });
  expect(JSON.stringify([outcome, other, stand.log])).not.toContain(SECRETS.accessToken.slice(0, 12));
});

test("a token is not said either when it is too short to look like one", async () => {
  stand = createStand("whatsapp", { ...SECRETS, accessToken: "EAAshort" });
  meta.faults.push({ type: "error", status: 400, code: 100, more: { message: "what is EAAshort?" } });
  expect(await open().send(message())).toEqual({ type: "refused", reason: "what is …? (100)" });
});

test("the token is not carried to where a redirect leads", async () => {
  const seen: (string | undefined)[] = [];
  const other = createServer((request, response) => {
    seen.push(request.headers.authorization);
    response.end("{}");
  });
  const location = await listen(other);
  meta.faults.push({ type: "raw", status: 307, body: "", headers: { location } });
  expect(await open().send(message())).toMatchObject({ type: "refused", reason: expect.stringContaining("graphUrl") });
  await closeServer(other);
  expect(seen).toEqual([]);
});

test("for a phone number that does not exist messages wait, and the setting is named", async () => {
  expect(await open({ phoneNumberId: "999999999" }).send(message())).toMatchObject({
    type: "retry",
    reason: expect.stringContaining("phoneNumberId"),
  });
});

test("closing waits for what is under way, and nothing is sent afterwards", async () => {
  const transport = open();
  meta.faults.push({ type: "silent" });
  const sending = transport.send(message());
  await waitFor("the request", () => meta.posted.length === 1);
  let isClosed = false;
  const closing = transport.close().then(() => {
    isClosed = true;
  });
  expect(await transport.send(message())).toMatchObject({ type: "retry", scope: "account" });
  expect(isClosed).toBe(false);
  stand.time.advance(20_000);
  await Promise.all([closing, sending]);
  expect(meta.posted).toHaveLength(1);
});

// ── settings ────────────────────────────────────────────────────────────────────────────────────────────────────────

test.each([
  ["a phone number instead of its id", { phoneNumberId: "+1650" }, "phoneNumberId"],
  ["plain http to elsewhere", { graphUrl: "http://graph.example.org" }, "graphUrl"],
  ["a URL with a password", { graphUrl: "https://me:pass@graph.example.org" }, "graphUrl"],
  ["a version that is none", { version: "25" }, "version"],
  ["an unknown setting", { token: "x" }, "token"],
  ["a template without a language", { template: { name: "x" } }, "language"],
])("settings with %s are refused by name", (_, settings, name) => {
  const parsed = whatsappKind.settings.safeParse({ phoneNumberId: PHONE, ...settings });
  expect(JSON.stringify(parsed.error?.issues)).toContain(name);
});

test("the secrets it needs are named", () => {
  expect(whatsappKind.secrets(whatsappKind.settings.parse({ phoneNumberId: PHONE }))).toEqual([
    "accessToken",
    "appSecret",
    "verifyToken",
  ]);
});
