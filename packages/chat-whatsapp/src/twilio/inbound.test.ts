import { expect, test } from "vitest";

import { readPosted } from "./inbound.ts";
import { twilioSettings } from "./settings.ts";

const ACCOUNT = `AC${"1".repeat(32)}`;
const SID = `SM${"a".repeat(32)}`;
const OURS = `SM${"b".repeat(32)}`;
const KEY = "c".repeat(64);

const settings = twilioSettings.parse({
  accountSid: ACCOUNT,
  from: "+14155238886",
  publicUrl: "https://example.org/chat/twilio",
});

const base = {
  AccountSid: ACCOUNT,
  MessageSid: SID,
  From: "whatsapp:+491711234567",
  To: "whatsapp:+14155238886",
  WaId: "491711234567",
  ProfileName: "Ada",
  Body: "approve 12",
  NumMedia: "0",
  MessageType: "text",
  Forwarded: "false",
  FrequentlyForwarded: "false",
};

type Fields = Readonly<Record<string, string | undefined>>;

function read(changes: Fields, extra = "", url = "/chat/twilio"): ReturnType<typeof readPosted> {
  const fields: Fields = { ...base, ...changes };
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) form.append(name, value);
  return readPosted({ method: "POST", url, headers: {}, body: Buffer.from(form.toString() + extra) }, settings, 5_000);
}

const eventOf = (changes: Fields): object | undefined => {
  const posted = read(changes);
  return posted.type === "event" ? posted.event : undefined;
};

test("a text is a message of its sender's number", () => {
  expect(eventOf({})).toEqual({
    id: SID,
    type: "message",
    principal: "whatsapp:491711234567",
    displayName: "Ada",
    room: "whatsapp:+491711234567",
    direct: true,
    thread: null,
    message: SID,
    quotes: null,
    text: "approve 12",
    addressed: false,
    atMs: 5_000,
  });
});

test("the same person is the same principal as at Meta: user id, else WhatsApp's id, else the number", () => {
  expect(eventOf({ ExternalUserId: "whatsapp:DE.123" })).toMatchObject({ principal: "whatsapp:DE.123" });
  expect(eventOf({ WaId: "5215512345678", From: "whatsapp:+525512345678" })).toMatchObject({
    principal: "whatsapp:5215512345678",
    room: "whatsapp:+525512345678",
  });
  expect(eventOf({ WaId: undefined })).toMatchObject({ principal: "whatsapp:491711234567" });
  expect(eventOf({ WaId: undefined, From: "whatsapp:DE.123" })).toMatchObject({
    principal: "whatsapp:DE.123",
    room: "whatsapp:DE.123",
  });
});

test("a reply names what it quotes", () => {
  expect(eventOf({ OriginalRepliedMessageSid: OURS })).toMatchObject({ quotes: OURS, message: SID });
  expect(eventOf({ OriginalRepliedMessageSid: "x" })).toMatchObject({ quotes: null });
});

test("a button gives its value, on the message it sits on", () => {
  const pressed = {
    MessageType: "interactive",
    ButtonText: "Yes",
    ButtonPayload: "yes 12",
    Body: "Yes",
    OriginalRepliedMessageSid: OURS,
  };
  expect(eventOf(pressed)).toMatchObject({
    type: "button",
    text: "yes 12",
    message: OURS,
    quotes: null,
    addressed: true,
  });
});

test("of media only the text counts", () => {
  expect(eventOf({ MessageType: "image", NumMedia: "1", MediaUrl0: "https://x" })).toMatchObject({
    text: "approve 12",
  });
  expect(eventOf({ MessageType: "image", NumMedia: "1", Body: "" })).toBeUndefined();
});

test.each<[string, Fields]>([
  ["forwarded", { Forwarded: "true" }],
  ["often forwarded", { FrequentlyForwarded: "true" }],
  ["an SMS, whose sender can be anybody", { From: "+491711234567" }],
  ["from a name", { From: "whatsapp:Ada" }],
  ["from another channel", { From: "messenger:123456" }],
  ["from a channel that has numbers, too", { From: "telegram:+491711234567" }],
  ["for another number", { To: "whatsapp:+14155230000" }],
  ["of another account", { AccountSid: `AC${"2".repeat(32)}` }],
  ["without an account", { AccountSid: undefined }],
  ["without an id", { MessageSid: undefined }],
  ["of an unknown kind", { MessageType: "reaction" }],
  ["of a sender whose user id has an unknown form", { ExternalUserId: "whatsapp:../x" }],
  ["empty", { Body: " " }],
])("what is %s executes nothing", (_, changes) => {
  expect(eventOf(changes)).toBeUndefined();
});

test.each(["From", "To", "AccountSid", "MessageSid"])(
  "a form with two fields %s is ambiguous and executes nothing",
  (name) => {
    expect(read({}, `&${name}=whatsapp%3A%2B4915551111111`).type).toBe("nothing");
  },
);

test("two texts or two profile names are none", () => {
  expect(read({}, "&Body=merge+12").type).toBe("nothing");
  expect(read({}, "&ProfileName=Eve")).toMatchObject({ event: { displayName: "" } });
});

const report = { From: "whatsapp:+14155238886", To: "whatsapp:+491711234567", Body: undefined };

test.each([
  ["queued", "sent"],
  ["sent", "sent"],
  ["delivered", "delivered"],
  ["read", "read"],
  ["undelivered", "failed"],
  ["failed", "failed"],
])("the report %s is %s, under the key in its query", (MessageStatus, status) => {
  const posted = read({ ...report, MessageStatus }, "", `/chat/twilio?x=1&skein-key=${KEY}`);
  expect(posted).toEqual({ type: "status", status: { key: KEY, message: SID, status } });
});

test("a report says why it failed, for people", () => {
  expect(read({ ...report, MessageStatus: "undelivered", ErrorCode: "63016" })).toEqual({
    type: "status",
    status: {
      key: null,
      message: SID,
      status: "failed",
      reason: "more than 24 hours have passed since the person's last message (63016)",
    },
  });
});

test("a key that is none or came twice is no key, and an unknown report is nothing", () => {
  for (const query of ["?skein-key=x", `?skein-key=${KEY}&skein-key=${KEY}`, "?", ""]) {
    expect(read({ ...report, MessageStatus: "sent" }, "", `/chat/twilio${query}`)).toMatchObject({
      status: { key: null },
    });
  }
  for (const MessageStatus of ["receiving", "__proto__", "constructor", ""]) {
    expect(read({ ...report, MessageStatus }).type).toBe("nothing");
  }
});
