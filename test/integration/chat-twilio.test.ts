/** The whole transport against Twilio as Vercel's `emulate` plays it: signed webhooks, sending, reports, lost answers. */
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";

import type { ChatTransport, OutgoingMessage } from "@skein/chat";
import { createHostDouble, type HostDouble } from "@skein/chat/testing";
import { twilioKind } from "@skein/chat-whatsapp";
import { plain, strong } from "@skein/core";
import twilio from "twilio";
import { afterEach, beforeEach, expect, test } from "vitest";

import { createTwilioServer, type TwilioServer } from "../support/twilio-server.ts";
import {
  closeServer,
  createStand,
  listen,
  serveWebhook,
  type Stand,
  type WebhookAddress,
} from "../support/webhook-stand.ts";

const ACCOUNT = `AC${randomBytes(16).toString("hex")}`;
const API_KEY = { sid: `SK${randomBytes(16).toString("hex")}`, secret: randomBytes(16).toString("hex") };
const OURS = "+14155238886";
const ADA = "whatsapp:+491711234567";
const KEY = "ef".repeat(32);
const DAY_MS = 86_400_000;
const TEMPLATE = { contentSid: `HX${"0".repeat(32)}` };
const SECRETS = { authToken: randomBytes(16).toString("hex"), apiKeySecret: API_KEY.secret };

let server: TwilioServer;
let host: HostDouble;
let stand: Stand;
let webhook: WebhookAddress;
let transport: ChatTransport;
const opened: ChatTransport[] = [];

const open = (settings: object = {}): ChatTransport => {
  const parsed = twilioKind.settings.parse({
    accountSid: ACCOUNT,
    from: OURS,
    publicUrl: webhook.url,
    apiUrl: server.url,
    ...settings,
  });
  const created = twilioKind.create(parsed, stand.context);
  opened.push(created);
  return created;
};

beforeEach(async () => {
  host = createHostDouble();
  // Twilio's dates are today's, so the stand's clock has to be too.
  stand = createStand("twilio", SECRETS, Date.now());
  webhook = await serveWebhook(() => transport, host);
  server = await createTwilioServer({
    accountSid: ACCOUNT,
    authToken: SECRETS.authToken,
    apiKey: API_KEY,
    from: `whatsapp:${OURS}`,
    webhook: webhook.url,
  });
  transport = open();
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()));
  await server.close();
  await webhook.close();
});

const message = (changes: Partial<OutgoingMessage> = {}): OutgoingMessage => ({
  key: KEY,
  room: ADA,
  thread: null,
  threadTitle: "",
  quotes: null,
  body: [strong("S-12"), plain(" is done")],
  buttons: [],
  onlyFor: null,
  lastInboundMs: stand.context.clock.wallMs() - 1_000,
  ...changes,
});

interface Post {
  readonly fields: Readonly<Record<string, string>>;
  readonly signed?: Readonly<Record<string, string>>;
  readonly token?: string;
  readonly query?: string;
  readonly signatures?: readonly string[];
}

/** What the emulator cannot post: all of a real message's fields, signed by the official library. */
async function post({
  fields,
  signed = fields,
  token = SECRETS.authToken,
  query = "",
  signatures,
}: Post): Promise<Response> {
  const right = twilio.getExpectedTwilioSignature(token, webhook.url + query, signed);
  const headers = new Headers();
  for (const one of signatures ?? [right]) headers.append("x-twilio-signature", one);
  return fetch(webhook.url + query, { method: "POST", headers, body: new URLSearchParams(fields) });
}

const real = (changes: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  AccountSid: ACCOUNT,
  ApiVersion: "2010-04-01",
  Body: "approve 12",
  Forwarded: "false",
  FrequentlyForwarded: "false",
  From: ADA,
  MessageSid: `SM${"a".repeat(32)}`,
  MessageType: "text",
  NumMedia: "0",
  NumSegments: "1",
  ProfileName: "Ada",
  SmsStatus: "received",
  To: `whatsapp:${OURS}`,
  WaId: "491711234567",
  ...changes,
});

// ── in ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

test("a message that Twilio signs arrives, with every character", async () => {
  const said = 'Für Zoë 👍🏽 & +1 = 100% "ok"';
  expect(await server.write({ From: ADA, Body: said })).toBe(201);
  const [received] = await server.messages();
  expect(host.received).toMatchObject([
    { id: received?.sid, type: "message", principal: "whatsapp:491711234567", room: ADA, direct: true, text: said },
  ]);
});

test("it is answered with an empty reply, after it is durable", async () => {
  const answer = await post({ fields: real() });
  expect([answer.status, await answer.text()]).toEqual([200, "<Response/>"]);
  host.failure = "the disk is full";
  expect((await post({ fields: real() })).status).toBe(500);
  host.failure = undefined;
  expect((await post({ fields: real() })).status).toBe(200);
  expect(host.received.map(({ id }) => id)).toEqual([real()["MessageSid"], real()["MessageSid"]]);
});

test("empty fields and fields that nobody knows yet are signed like all others", async () => {
  const fields = real({ NewIn2027: "", Spaces: "  x  ", ProfileName: " " });
  expect((await post({ fields })).status).toBe(200);
  expect(host.received).toHaveLength(1);
});

test.each<[string, Omit<Post, "fields">]>([
  ["another token", { token: "wrong" }],
  ["another text", { signed: real({ Body: "approve 13" }) }],
  ["a field more than signed", { signed: { AccountSid: ACCOUNT } }],
  ["no signature", { signatures: [] }],
  ["an empty signature", { signatures: [""] }],
])("what has %s is refused, and nothing happens", async (_, changes) => {
  const answer = await post({ fields: real(), ...changes });
  expect([answer.status, await answer.text()]).toEqual([401, ""]);
  expect(host.received).toEqual([]);
  expect(stand.log).toMatchObject([{ event: "chat-webhook-refused" }]);
});

test("what was signed for http is refused where https was told, and the other way round", async () => {
  const publicUrl = webhook.url.replace("http://127.0.0.1", "https://skein.example.org");
  transport = open({ publicUrl });
  expect((await post({ fields: real() })).status).toBe(401);
  const signature = twilio.getExpectedTwilioSignature(SECRETS.authToken, publicUrl, real());
  expect((await post({ fields: real(), signatures: [signature] })).status).toBe(200);
  expect(host.received).toHaveLength(1);
});

test("a pressed button and a quoted reply say which message they mean", async () => {
  const replied = `MM${"b".repeat(32)}`;
  await post({ fields: real({ OriginalRepliedMessageSid: replied }) });
  const pressed = { MessageType: "interactive", ButtonText: "Approve", ButtonPayload: "approve 12", Body: "Approve" };
  await post({ fields: real({ ...pressed, OriginalRepliedMessageSid: replied }) });
  expect(host.received).toMatchObject([
    { type: "message", quotes: replied },
    { type: "button", message: replied, text: "approve 12", addressed: true },
  ]);
});

test("forwards, text messages, other numbers and other accounts are acknowledged and execute nothing", async () => {
  for (const changes of [
    { Forwarded: "true" },
    { From: "+491711234567" },
    { To: "whatsapp:+14155230000" },
    { AccountSid: `AC${"0".repeat(32)}` },
    { Body: "", NumMedia: "1", MessageType: "image" },
  ]) {
    expect((await post({ fields: real(changes) })).status).toBe(200);
  }
  expect(host.received).toEqual([]);
});

test("the same profile name under another number is another principal", async () => {
  await post({ fields: real({ From: "whatsapp:+4915551111111", WaId: "4915551111111" }) });
  expect(host.received).toMatchObject([{ principal: "whatsapp:4915551111111", displayName: "Ada" }]);
});

test("only posts are for anybody", async () => {
  expect((await fetch(webhook.url)).status).toBe(405);
});

// ── out ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

test("a text is sent, and Twilio's reports come back under its key", async () => {
  const outcome = await transport.send(message());
  const [sent] = await server.messages();
  expect(outcome).toEqual({ type: "sent", message: sent?.sid });
  expect(sent).toMatchObject({ body: "*S-12* is done", direction: "outbound-api", to: ADA, from: `whatsapp:${OURS}` });
  await server.report(sent?.sid ?? "", "delivered");
  await server.report(sent?.sid ?? "", "read");
  await server.report(sent?.sid ?? "", "failed");
  expect(host.statuses).toEqual(
    ["sent", "delivered", "read", "failed"].map((status) => ({ key: KEY, message: sent?.sid, status })),
  );
  expect(host.received).toEqual([]);
});

test("a report whose key was changed on the way is refused", async () => {
  const fields = real({ From: `whatsapp:${OURS}`, To: ADA, MessageStatus: "delivered" });
  const query = `?skein-key=${KEY}`;
  const signature = twilio.getExpectedTwilioSignature(SECRETS.authToken, webhook.url + query, fields);
  expect((await post({ fields, query: `?skein-key=${"00".repeat(32)}`, signatures: [signature] })).status).toBe(401);
  expect((await post({ fields, query, signatures: [signature] })).status).toBe(200);
  expect(host.statuses).toMatchObject([{ key: KEY, status: "delivered" }]);
});

test("an API key sends, and the account's token still verifies", async () => {
  transport = open({ apiKeySid: API_KEY.sid });
  expect(await transport.send(message())).toMatchObject({ type: "sent" });
  expect(await server.write({ From: ADA, Body: "hello" })).toBe(201);
  expect(host.received).toHaveLength(1);
});

test("with wrong credentials messages wait for a person, who is told how to mend it, and nowhere is the secret said", async () => {
  stand = createStand("twilio", { ...SECRETS, authToken: "a-token-that-was-revoked" }, Date.now());
  const outcome = await open().send(message());
  expect(outcome).toMatchObject({
    type: "retry",
    reason: expect.stringContaining("does not accept the credentials"),
  });
  expect(JSON.stringify([outcome, stand.log])).not.toContain("a-token-that-was-revoked");
});

test.each<[string, Partial<OutgoingMessage>]>([
  ["too much text", { body: [plain("x".repeat(1_601))] }],
  ["no text", { body: [] }],
  ["a room that is no address", { room: "+491711234567" }],
])("a message with %s is refused before anything is sent", async (_, changes) => {
  expect(await transport.send(message(changes))).toMatchObject({ type: "refused" });
  expect(server.posted).toEqual([]);
});

test("outside of the 24 hours the template is sent, or nothing", async () => {
  const late = message({ lastInboundMs: stand.context.clock.wallMs() - DAY_MS, body: [plain("a\n*b*\t     c")] });
  expect(await transport.send(late)).toMatchObject({ type: "refused", reason: expect.stringContaining("24 hours") });
  expect(server.posted).toEqual([]);
  expect(await open({ template: TEMPLATE }).send(late)).toMatchObject({ type: "sent" });
  expect(Object.fromEntries(server.posted[0] ?? [])).toEqual({
    To: ADA,
    From: `whatsapp:${OURS}`,
    StatusCallback: `${webhook.url}?skein-key=${KEY}`,
    ContentSid: TEMPLATE.contentSid,
    ContentVariables: JSON.stringify({ 1: "a ∗b∗ c" }),
  });
});

test("within the 24 hours the template stays where it is", async () => {
  expect(await open({ template: TEMPLATE }).send(message())).toMatchObject({ type: "sent" });
  expect(server.posted.map((form) => form.has("ContentSid"))).toEqual([false]);
});

test("when WhatsApp's clock says that the window is closed, the template is sent, or it is refused", async () => {
  const closed = {
    type: "answer",
    status: 400,
    body: { code: 63_016, message: "Failed to send freeform message", status: 400 },
  } as const;
  server.faults.push(closed);
  expect(await transport.send(message())).toMatchObject({
    type: "refused",
    reason: expect.stringContaining("24 hours"),
  });
  server.faults.push(closed);
  expect(await open({ template: TEMPLATE }).send(message())).toMatchObject({ type: "sent" });
  expect(server.posted.map((form) => form.has("ContentSid"))).toEqual([false, false, true]);
});

test("limits are waited for, and nothing is tried again inside", async () => {
  const limit = (code: number, headers?: Record<string, string>) =>
    ({
      type: "answer",
      status: 429,
      body: { code, message: "Too many" },
      ...(headers === undefined ? {} : { headers }),
    }) as const;
  server.faults.push(limit(20_429, { "retry-after": "7" }), limit(63_018), {
    type: "answer",
    status: 429,
    body: "<html>",
  });
  expect(await transport.send(message())).toMatchObject({ type: "retry", afterMs: 7_000, scope: "account" });
  expect(await transport.send(message())).toMatchObject({ type: "retry", afterMs: 10_000 });
  expect(await transport.send(message())).toMatchObject({ type: "retry", afterMs: 5_000 });
  expect(server.posted).toHaveLength(3);
});

test.each([
  [21_211, "number"],
  [21_610, "asked to get no messages"],
  [63_007, "from"],
  [21_609, "publicUrl"],
  [99_999, "odd (99999)"],
])("error %i is refused with what to do", async (code, words) => {
  server.faults.push({ type: "answer", status: 400, body: { code, message: "odd", status: 400 } });
  expect(await transport.send(message())).toMatchObject({ type: "refused", reason: expect.stringContaining(words) });
});

test("a platform that nobody reaches was certainly sent nothing", async () => {
  const gone = createServer();
  const apiUrl = await listen(gone);
  await closeServer(gone);
  expect(await open({ apiUrl }).send(message())).toMatchObject({ type: "retry", scope: "account" });
});

// ── after a lost answer ─────────────────────────────────────────────────────────────────────────────────────────────

test("a message whose answer was lost was sent when Twilio has reported so by then", async () => {
  server.faults.push({ type: "dropped" });
  const outcome = await transport.send(message());
  const [sent] = await server.messages();
  expect(outcome).toEqual({ type: "sent", message: sent?.sid });
  expect(host.statuses).toEqual([{ key: KEY, message: sent?.sid, status: "sent" }]);
  expect(server.posted).toHaveLength(1);
});

/** Reports go to a place where nobody listens. */
const deaf = (): ChatTransport => open({ publicUrl: "http://127.0.0.1:1/chat" });

test("a message whose answer was lost is found", async () => {
  server.faults.push({ type: "dropped" });
  const other = deaf();
  expect(await other.send(message())).toMatchObject({ type: "uncertain" });
  const [sent] = await server.messages();
  expect(await other.find?.(message(), 0)).toEqual({ type: "sent", message: sent?.sid });
  // A node that takes over finds it too.
  expect(await deaf().find?.(message(), stand.context.clock.wallMs())).toEqual({ type: "sent", message: sent?.sid });
  expect(Object.fromEntries(server.listed[0] ?? [])).toMatchObject({ To: ADA, From: `whatsapp:${OURS}` });
  expect(server.posted).toHaveLength(1);
});

test("a message that Twilio never got is certainly not there, after it had time to appear", async () => {
  server.faults.push({ type: "cut" });
  expect(await transport.send(message())).toMatchObject({ type: "uncertain" });
  expect(await transport.find?.(message(), 0)).toMatchObject({ type: "uncertain" });
  stand.time.advance(29_999);
  expect(await transport.find?.(message(), 0)).toMatchObject({ type: "uncertain" });
  stand.time.advance(1);
  expect(await transport.find?.(message(), 0)).toMatchObject({ type: "refused" });
});

test("the same text of another time is not taken for a message whose answer was lost", async () => {
  await transport.send(message({ key: "aa".repeat(32) }));
  stand.time.advance(3_600_000);
  server.faults.push({ type: "cut" });
  expect(await transport.send(message())).toMatchObject({ type: "uncertain" });
  stand.time.advance(30_000);
  expect(await transport.find?.(message(), 0)).toMatchObject({ type: "refused" });
});

test("other texts, other people's, received and older ones are not taken for it", async () => {
  await transport.send(message({ body: [plain("something else")] }));
  await transport.send(message({ room: "whatsapp:+4915551111111" }));
  await server.write({ From: ADA, Body: "*S-12* is done" });
  stand.time.advance(600_000);
  const sinceMs = stand.context.clock.wallMs() - 31_000;
  expect(await transport.find?.(message(), sinceMs)).toMatchObject({ type: "refused" });
});

test("what the person wrote is never taken for ours, whatever Twilio lists", async () => {
  const sinceMs = stand.context.clock.wallMs();
  const theirs = {
    sid: "SM1",
    body: "*S-12* is done",
    direction: "inbound",
    date_created: new Date(sinceMs).toUTCString(),
  };
  server.faults.push({ type: "answer", status: 200, body: { messages: [theirs] } });
  expect(await transport.find?.(message(), sinceMs)).toMatchObject({ type: "refused" });
});

test("when Twilio does not answer, or hides texts, nobody knows", async () => {
  const sinceMs = stand.context.clock.wallMs() - 60_000;
  server.faults.push({ type: "answer", status: 500, body: "" });
  expect(await transport.find?.(message(), sinceMs)).toMatchObject({ type: "uncertain" });
  server.faults.push({ type: "cut" });
  expect(await transport.find?.(message(), sinceMs)).toMatchObject({ type: "uncertain" });
  const hidden = { sid: "SM1", body: "", direction: "outbound-api", date_created: new Date(sinceMs).toUTCString() };
  server.faults.push({ type: "answer", status: 200, body: { messages: [hidden] } });
  expect(await transport.find?.(message(), sinceMs)).toMatchObject({ type: "uncertain" });
});

test("a template is found by our part of its text", async () => {
  const sinceMs = stand.context.clock.wallMs() - 60_000;
  const body = "Skein says: S-12 is done. Answer to go on.";
  const shown = { sid: "SM1", body, direction: "outbound-api", date_created: new Date(sinceMs).toUTCString() };
  server.faults.push({ type: "answer", status: 200, body: { messages: [shown] } });
  expect(await open({ template: TEMPLATE }).find?.(message(), sinceMs)).toEqual({ type: "sent", message: "SM1" });
});

// ── settings ────────────────────────────────────────────────────────────────────────────────────────────────────────

test("the public URL is kept character for character", () => {
  const publicUrl = "https://Me@Skein.Example.ORG:443/chat/it's?a=%7e#rc=3&rp=all";
  const settings = twilioKind.settings.parse({ accountSid: ACCOUNT, from: OURS, publicUrl });
  expect(settings.publicUrl).toBe(publicUrl);
});

test.each([
  ["plain http to elsewhere", { publicUrl: "http://skein.example.org/chat" }, "publicUrl"],
  ["a number without a plus", { from: "14155238886" }, "from"],
  ["an account that is none", { accountSid: "AC1" }, "accountSid"],
  ["an unknown setting", { authToken: "x" }, "authToken"],
])("settings with %s are refused by name", (_, settings, name) => {
  const parsed = twilioKind.settings.safeParse({
    accountSid: ACCOUNT,
    from: OURS,
    publicUrl: "https://skein.example.org/chat",
    ...settings,
  });
  expect(JSON.stringify(parsed.error?.issues)).toContain(name);
});

test("the secrets it needs are named", () => {
  const base = { accountSid: ACCOUNT, from: OURS, publicUrl: "https://skein.example.org/chat" };
  expect(twilioKind.secrets(twilioKind.settings.parse(base))).toEqual(["authToken"]);
  expect(twilioKind.secrets(twilioKind.settings.parse({ ...base, apiKeySid: API_KEY.sid }))).toEqual([
    "authToken",
    "apiKeySecret",
  ]);
});
