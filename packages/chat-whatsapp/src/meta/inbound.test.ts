import { expect, test } from "vitest";

import { inboundOf } from "./inbound.ts";
import { readNotifications } from "./notification.ts";

const PHONE = "106540352242922";
const ADA = "16505551234";
const USER = "US.13491208655302741918";

const text = { type: "text", text: { body: "approve 12" } };
const base = { from: ADA, id: "wamid.A", timestamp: "1749416383" };

interface Parts {
  readonly messages?: readonly object[];
  readonly contacts?: readonly object[];
  readonly phone?: string;
  readonly field?: string;
  readonly more?: object;
}

function read({
  messages = [],
  contacts,
  phone = PHONE,
  field = "messages",
  more = {},
}: Parts): ReturnType<typeof inboundOf> {
  const value = {
    messaging_product: "whatsapp",
    metadata: { display_phone_number: "15550783881", phone_number_id: phone },
    contacts: contacts ?? [{ profile: { name: "Ada" }, wa_id: ADA }],
    messages,
    ...more,
  };
  const envelope = { object: "whatsapp_business_account", entry: [{ id: "1", changes: [{ field, value }] }] };
  const notifications = readNotifications(envelope, PHONE);
  if (notifications === undefined) throw new Error("the envelope was not read");
  return inboundOf(notifications);
}

const eventsOf = (message: object, parts: Parts = {}): readonly object[] =>
  read({ ...parts, messages: [{ ...base, ...message }] }).events;

test("a text is a message of its sender's number", () => {
  expect(eventsOf(text)).toEqual([
    {
      id: "wamid.A",
      type: "message",
      principal: `whatsapp:${ADA}`,
      displayName: "Ada",
      room: ADA,
      direct: true,
      thread: null,
      message: "wamid.A",
      quotes: null,
      text: "approve 12",
      addressed: false,
      atMs: 1_749_416_383_000,
    },
  ]);
});

test("a reply names what it quotes", () => {
  expect(eventsOf({ ...text, context: { from: "15550783881", id: "wamid.OURS" } })).toMatchObject([
    { quotes: "wamid.OURS", text: "approve 12" },
  ]);
});

test.each([
  [
    "a reply button",
    { type: "interactive", interactive: { type: "button_reply", button_reply: { id: "yes 12", title: "Yes" } } },
  ],
  [
    "a row of a list",
    { type: "interactive", interactive: { type: "list_reply", list_reply: { id: "yes 12", title: "Yes" } } },
  ],
  ["a template's button", { type: "button", button: { payload: "yes 12", text: "Yes" } }],
])("%s gives its value, not its label, on the message it sits on", (_, pressed) => {
  expect(eventsOf({ ...pressed, context: { id: "wamid.OURS" } })).toMatchObject([
    { type: "button", id: "wamid.A", message: "wamid.OURS", quotes: null, text: "yes 12", addressed: true },
  ]);
});

test("a reaction is its emoji on a message, and taking it away is nothing", () => {
  const reaction = { type: "reaction", reaction: { message_id: "wamid.OURS", emoji: "✅" } };
  expect(eventsOf(reaction)).toMatchObject([{ type: "reaction", message: "wamid.OURS", text: "✅" }]);
  expect(eventsOf({ type: "reaction", reaction: { message_id: "wamid.OURS", emoji: "" } })).toEqual([]);
  expect(eventsOf({ type: "reaction", reaction: { message_id: "wamid.OURS" } })).toEqual([]);
});

test("an edited or deleted message is an edit of it, and no message", () => {
  const edit = { original_message_id: "wamid.0", message: { type: "text", text: { body: "merge 12" } } };
  expect(eventsOf({ type: "edit", edit })).toMatchObject([{ type: "edit", message: "wamid.0", text: "merge 12" }]);
  expect(eventsOf({ type: "revoke", revoke: { original_message_id: "wamid.0" } })).toMatchObject([
    { type: "edit", message: "wamid.0", text: "" },
  ]);
});

test.each([
  ["forwarded", { ...text, context: { forwarded: true } }],
  ["often forwarded", { ...text, context: { frequently_forwarded: true } }],
  ["forwarded as a reply", { ...text, context: { id: "wamid.OURS", forwarded: true } }],
  ["an image with a caption", { type: "image", image: { id: "1", caption: "approve 12" } }],
  ["unsupported", { type: "unsupported", errors: [{ code: 131_051, title: "Message type unknown" }] }],
  ["of an unknown type with a text", { type: "new", text: { body: "approve 12" } }],
  ["a text without a text", { type: "text" }],
  ["written in a group", { ...text, group_id: "G1" }],
  ["our own echo", { ...text, from: "15550783881" }],
  ["without a sender", { ...text, from: undefined }],
  ["without an id", { ...text, id: "" }],
  ["without a time", { ...text, timestamp: "now" }],
])("what is %s executes nothing", (_, message) => {
  expect(eventsOf(message)).toEqual([]);
});

test("another phone number of the same app is not this account", () => {
  expect(eventsOf(text, { phone: "999" })).toEqual([]);
});

test.each(["account_update", "smb_message_echoes", "history", "message_template_status_update"])(
  "messages under the field %s are none",
  (field) => {
    expect(eventsOf(text, { field })).toEqual([]);
  },
);

test("a user id is who somebody is, and the number is where to write to", () => {
  const contacts = [{ profile: { name: "Ada" }, wa_id: ADA, user_id: USER }];
  const expected = [{ principal: `whatsapp:${USER}`, room: ADA }];
  expect(eventsOf(text, { contacts })).toMatchObject(expected);
  expect(eventsOf({ ...text, from_user_id: USER })).toMatchObject(expected);
  expect(eventsOf({ ...text, from_user_id: USER }, { contacts: [] })).toMatchObject(expected);
});

test("who hides the number is written to by user id", () => {
  const contacts = [{ profile: { name: "Ada", username: "ada" }, user_id: USER }];
  expect(eventsOf({ ...text, from: undefined, from_user_id: USER }, { contacts })).toMatchObject([
    { principal: `whatsapp:${USER}`, room: USER, displayName: "Ada" },
  ]);
});

test("a contact counts by its id, never by its place or its name", () => {
  const mallory = { profile: { name: "Ada" }, wa_id: "4915551111111", user_id: "DE.1" };
  const ada = { profile: { name: "Ada" }, wa_id: ADA, user_id: USER };
  expect(eventsOf({ ...text, from: "4915551111111" }, { contacts: [ada, mallory] })).toMatchObject([
    { principal: "whatsapp:DE.1", room: "4915551111111", displayName: "Ada" },
  ]);
  // Nobody's contact: the number alone.
  expect(eventsOf({ ...text, from: "4915552222222" }, { contacts: [ada] })).toMatchObject([
    { principal: "whatsapp:4915552222222", displayName: "" },
  ]);
});

test("an id of unknown form is nobody, and a person is told", () => {
  const { events, troubles } = read({ messages: [{ ...base, ...text, from_user_id: "US.1/../x" }] });
  expect(events).toEqual([]);
  expect(troubles).toEqual([expect.stringContaining("form that this version does not know")]);
  expect(eventsOf({ ...text, from: "whatsapp:+1650555" })).toEqual([]);
});

test("a changed number is told with the numbers and without the profile's name", () => {
  const system = {
    type: "system",
    system: { body: "User *ADMIN* changed from 1 to 2", wa_id: "12195555358", type: "user_changed_number" },
  };
  const { events, troubles } = read({ messages: [{ ...base, ...system }], contacts: [] });
  expect(events).toEqual([]);
  expect(troubles).toEqual([
    `whatsapp:${ADA} on WhatsApp is now whatsapp:12195555358: take the roles from the old identity, and pair the person again if it is still the same one.`,
  ]);
});

test("a changed user id is told, in the form we know and in others", () => {
  const change = { wa_id: ADA, user_id: { previous: USER, current: "US.2" } };
  expect(read({ field: "user_id_update", more: { user_id_update: [change] } }).troubles).toEqual([
    expect.stringContaining(`whatsapp:${USER} on WhatsApp is now whatsapp:US.2`),
  ]);
  expect(read({ field: "user_id_update", more: { update: { name: "x" } } }).troubles).toEqual([
    expect.stringContaining("a person on WhatsApp changed number or user id"),
  ]);
});

test("a changed user id is told even when the notification names no phone number", () => {
  const envelope = {
    object: "whatsapp_business_account",
    entry: [{ changes: [{ field: "user_id_update", value: {} }] }],
  };
  const notifications = readNotifications(envelope, PHONE);
  expect(notifications === undefined ? [] : inboundOf(notifications).troubles).toHaveLength(1);
});

test("statuses carry our key and say why something failed", () => {
  const key = "a".repeat(64);
  const failed = {
    id: "wamid.B",
    status: "failed",
    errors: [
      { code: 131_047, title: "Re-engagement message", error_data: { details: "More than 24 hours\nhave passed." } },
    ],
  };
  const statuses = [
    { id: "wamid.A", status: "sent", biz_opaque_callback_data: key },
    { id: "wamid.A", status: "read", biz_opaque_callback_data: "somebody else's" },
    failed,
    { id: "wamid.C", status: "played" },
  ];
  const { events, statuses: told } = read({ more: { statuses } });
  expect(events).toEqual([]);
  expect(told).toEqual([
    { key, message: "wamid.A", status: "sent" },
    { key: null, message: "wamid.A", status: "read" },
    {
      key: null,
      message: "wamid.B",
      status: "failed",
      reason: "more than 24 hours have passed since the person's last message; More than 24 hours have passed (131047)",
    },
  ]);
});

test("an element of unknown form is counted, and its neighbors still count", () => {
  const envelope = {
    object: "whatsapp_business_account",
    entry: [
      7,
      {
        id: "1",
        changes: [
          null,
          {
            field: "messages",
            value: { metadata: { phone_number_id: PHONE }, messages: [{ id: 1 }, { ...base, ...text }] },
          },
        ],
      },
    ],
  };
  const notifications = readNotifications(envelope, PHONE);
  expect(notifications?.unread).toBe(3);
  expect(notifications === undefined ? [] : inboundOf(notifications).events).toHaveLength(1);
});

test.each([null, 1, "x", [], {}, { object: "page", entry: [] }, { object: "whatsapp_business_account" }])(
  "%j is no notification",
  (json) => {
    expect(readNotifications(json, PHONE)).toBeUndefined();
  },
);
