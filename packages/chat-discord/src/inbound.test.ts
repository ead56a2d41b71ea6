/** Who said what: only people's own words, at the time that Discord gave them. */
import { expect, test } from "vitest";

import { deletionEvents, editEvent, messageEvent, reactionEvent } from "./inbound.ts";
import type { Place } from "./places.ts";
import { placeOf } from "./places.ts";
import { type DiscordMessage, messageSchema } from "./wire.ts";

const SELF = "900000000000000001";
const ADA = "900000000000000011";
const ROOM: Place = { room: "900000000000000003", thread: null, direct: false };
const THREAD: Place = { room: "900000000000000003", thread: "900000000000000004", direct: false };

const message = (more: Record<string, unknown> = {}): DiscordMessage =>
  messageSchema.parse({
    id: "1200000000000000000",
    channel_id: "900000000000000003",
    type: 0,
    author: { id: ADA, username: "ada", global_name: "Ada" },
    content: "approve 1",
    mentions: [],
    ...more,
  });

test("a message of a person is an event with the id of the person and the time of the message", () => {
  expect(messageEvent(message({ member: { nick: "Countess" } }), ROOM, SELF)).toEqual({
    id: "1200000000000000000",
    type: "message",
    principal: `discord:${ADA}`,
    displayName: "Countess",
    room: "900000000000000003",
    direct: false,
    thread: null,
    message: "1200000000000000000",
    quotes: null,
    text: "approve 1",
    addressed: false,
    atMs: Date.parse("2024-01-25T08:51:34.921Z"),
  });
});

test.each([
  ["of a bot", { author: { id: ADA, username: "ada", bot: true } }],
  ["of Discord itself", { author: { id: ADA, username: "Discord", system: true } }],
  ["of the bot itself", { author: { id: SELF, username: "skein" } }],
  ["of a webhook with a person's name", { webhook_id: "900000000000000099" }],
  ["that says that somebody joined", { type: 7 }],
  ["that says that a thread began", { type: 18 }],
  ["that stands at the beginning of a thread", { type: 21 }],
  ["that was forwarded", { message_reference: { type: 1, message_id: "1", channel_id: "2" } }],
  ["that has forwarded text", { content: "", message_snapshots: [{ message: { content: "approve 1" } }] }],
  ["that only quotes", { content: "> approve 1\n> <@900000000000000001> merge" }],
  ["that only quotes, in a long quote", { content: ">>> approve 1\nmerge" }],
  ["without a word", { content: "" }],
])("a message %s is no event", (_, more) => {
  expect(messageEvent(message(more), ROOM, SELF)).toBeUndefined();
});

test("a nickname that looks like somebody else changes the name and nothing else", () => {
  const event = messageEvent(message({ member: { nick: "discord:900000000000000012" } }), ROOM, SELF);
  expect(event).toMatchObject({ principal: `discord:${ADA}`, displayName: "discord:900000000000000012" });
});

test.each([
  [`<@${SELF}> list`, "list"],
  [`<@!${SELF}>   list`, "list"],
  [`list <@${SELF}>`, "list"],
  [`<@${SELF}>\nlist`, "list"],
  [`please <@${SELF}> list`, "please list"],
  [`<@${SELF}>`, ""],
])("%j addresses the bot", (content, text) => {
  expect(messageEvent(message({ content, mentions: [{ id: SELF }] }), ROOM, SELF)).toMatchObject({
    text,
    addressed: true,
  });
});

test("a reply with a ping addresses the bot; the answered message's text is not its own", () => {
  const reply = {
    type: 19,
    content: "and this one?",
    mentions: [{ id: SELF }],
    message_reference: { message_id: "1199999999999999999", channel_id: "900000000000000003" },
    referenced_message: { content: "merge everything" },
  };
  expect(messageEvent(message(reply), ROOM, SELF)).toMatchObject({
    text: "and this one?",
    addressed: true,
    quotes: "1199999999999999999",
  });
});

test.each([
  ["another person's id", `<@${ADA}> list`, [{ id: ADA }]],
  ["the bot's name as text", "@skein list", []],
  ["a mention in a quoted line", `> <@${SELF}> merge\nno, do not`, [{ id: SELF }]],
  ["an id that only begins like the bot's", `<@${SELF}1> list`, []],
])("%s does not address the bot", (_, content, mentions) => {
  expect(messageEvent(message({ content, mentions }), ROOM, SELF)?.addressed).toBe(false);
});

test("quoted lines are not part of the text", () => {
  const content = "> merge 1\nno\n>not a quote\n>>> merge 2\nmerge 3";
  expect(messageEvent(message({ content }), ROOM, SELF)?.text).toBe("no\n>not a quote");
});

test("in a thread the ids of messages say in which", () => {
  const event = messageEvent(message({ type: 19, message_reference: { message_id: "5" } }), THREAD, SELF);
  expect(event).toMatchObject({
    id: "1200000000000000000",
    room: THREAD.room,
    thread: THREAD.thread,
    message: "900000000000000004/1200000000000000000",
    quotes: "900000000000000004/5",
  });
});

test("an edit says nothing of the new text, and a preview is no edit", () => {
  const edit = { id: "1200000000000000000", channel_id: "1", author: { id: ADA, username: "ada" }, content: "merge" };
  expect(editEvent({ ...edit, edited_timestamp: "2024-02-01T00:00:00.000000+00:00" }, ROOM, SELF)).toMatchObject({
    id: "1200000000000000000:edit:2024-02-01T00:00:00.000000+00:00",
    type: "edit",
    message: "1200000000000000000",
    text: "",
    addressed: false,
    atMs: Date.parse("2024-02-01T00:00:00Z"),
  });
  expect(editEvent({ ...edit, edited_timestamp: null }, ROOM, SELF)).toBeUndefined();
  const bot = { id: SELF, username: "skein", bot: true };
  expect(editEvent({ ...edit, author: bot, edited_timestamp: "2024-02-01T00:00:00Z" }, ROOM, SELF)).toBeUndefined();
});

test("deletions, one or many, take back what was said", () => {
  expect(deletionEvents({ id: "1", channel_id: "2" }, ROOM, 7)).toMatchObject([
    { id: "1:deleted", type: "edit", message: "1", atMs: 7 },
  ]);
  expect(deletionEvents({ ids: ["1", "2"], channel_id: "2" }, ROOM, 7).map(({ id }) => id)).toEqual([
    "1:deleted",
    "2:deleted",
  ]);
});

test("a reaction is its emoji; custom emojis and bots react to nothing", () => {
  const reaction = { user_id: ADA, message_id: "5", channel_id: "2", emoji: { id: null, name: "✅" } };
  const context = { self: SELF, nowMs: 7 };
  expect(reactionEvent(reaction, THREAD, context)).toMatchObject({
    id: `5:${ADA}:✅`,
    type: "reaction",
    principal: `discord:${ADA}`,
    message: "900000000000000004/5",
    text: "✅",
  });
  expect(reactionEvent({ ...reaction, user_id: SELF }, ROOM, context)).toBeUndefined();
  expect(reactionEvent({ ...reaction, emoji: { id: "9", name: "✅" } }, ROOM, context)).toBeUndefined();
  const bot = { user: { id: "12", username: "b", bot: true } };
  expect(reactionEvent({ ...reaction, member: bot }, ROOM, context)).toBeUndefined();
});

test("a place is a room, a thread of one, or a direct conversation", () => {
  expect(placeOf({ id: "1", type: 0, parent_id: "9" })).toEqual({ room: "1", thread: null, direct: false });
  expect(placeOf({ id: "1", type: 11, parent_id: "9" })).toEqual({ room: "9", thread: "1", direct: false });
  expect(placeOf({ id: "1", type: 12, parent_id: "9" })).toEqual({ room: "9", thread: "1", direct: false });
  expect(placeOf({ id: "1", type: 1 })).toEqual({ room: "1", thread: null, direct: true });
});
