import { expect, test } from "vitest";

import type { RoomEvent } from "./events.ts";
import { replacedMessage, toInbound } from "./inbound.ts";

const self = { userId: "@bot:example.org", displayName: "Skein" };
const room = { id: "!room:example.org", direct: true, names: new Map([["@ada:example.org", "Ada"]]) };
const event = (content: Readonly<Record<string, unknown>>, more: Partial<RoomEvent> = {}): RoomEvent => ({
  event_id: "$event",
  type: "m.room.message",
  sender: "@ada:example.org",
  origin_server_ts: 1_700_000_000_000,
  content,
  ...more,
});
const said = (body: string, relates?: unknown): RoomEvent =>
  event({ msgtype: "m.text", body, ...(relates === undefined ? {} : { "m.relates_to": relates }) });
const map = (one: RoomEvent): ReturnType<typeof toInbound> => toInbound(one, room, self);

test("a message has the ids of its event", () => {
  expect(map(said("status 7"))).toEqual({
    id: "$event",
    type: "message",
    principal: "matrix:@ada:example.org",
    displayName: "Ada",
    room: "!room:example.org",
    direct: true,
    thread: null,
    message: "$event",
    quotes: null,
    text: "status 7",
    addressed: false,
    atMs: 1_700_000_000_000,
  });
});

test("a principal is the whole id as it is, so nobody is somebody else", () => {
  const senders = [
    "@ada:example.org",
    "@Ada:example.org",
    "@ada:example.com",
    "@ada:example.org:8448",
    "@ada\u{435}:example.org",
  ];
  const principals = senders.map((sender) => map(event({ msgtype: "m.text", body: "x" }, { sender }))?.principal);
  expect(principals).toEqual(senders.map((sender) => `matrix:${sender}`));
});

test("a long display name is cut", () => {
  const names = new Map([["@ada:example.org", "A".repeat(5_000)]]);
  expect(toInbound(said("x"), { ...room, names }, self)?.displayName).toHaveLength(100);
});

test.each([
  ["what the account itself wrote", event({ msgtype: "m.text", body: "x" }, { sender: "@bot:example.org" })],
  [
    "the account's own reaction",
    event(
      { "m.relates_to": { rel_type: "m.annotation", event_id: "$a", key: "✅" } },
      { type: "m.reaction", sender: "@bot:example.org" },
    ),
  ],
  ["a notice", event({ msgtype: "m.notice", body: "x" })],
  ["an emote", event({ msgtype: "m.emote", body: "x" })],
  ["a picture", event({ msgtype: "m.image", body: "merge 4" })],
  ["a removed message", event({})],
  ["a state event of that type", event({ msgtype: "m.text", body: "x" }, { state_key: "" })],
  ["a body that is no text", event({ msgtype: "m.text", body: ["x"] })],
  ["another type", event({ msgtype: "m.text", body: "x" }, { type: "org.example.message" })],
  ["an edit of nothing", said("* x", { rel_type: "m.replace" })],
  ["a reaction to nothing", event({ "m.relates_to": { rel_type: "m.annotation", key: "✅" } }, { type: "m.reaction" })],
  [
    "a reaction without a key",
    event({ "m.relates_to": { rel_type: "m.annotation", event_id: "$a", key: 1 } }, { type: "m.reaction" }),
  ],
  ["a removal of nothing", event({}, { type: "m.room.redaction" })],
])("%s is no event", (_, one) => {
  expect(map(one)).toBeUndefined();
});

test("an edit names what it changes and says nothing", () => {
  const edit = said("* merge 4", { rel_type: "m.replace", event_id: "$old" });
  expect(map(edit)).toMatchObject({ type: "edit", id: "$event", message: "$old", text: "", addressed: false });
  expect(replacedMessage(edit)).toBe("$old");
  expect(replacedMessage(said("x"))).toBeUndefined();
});

test("a removal is an edit of what it removes, in rooms of every version", () => {
  const removal = (more: Partial<RoomEvent>): RoomEvent => event({}, { type: "m.room.redaction", ...more });
  expect(map(removal({ redacts: "$old" }))).toMatchObject({ type: "edit", message: "$old" });
  expect(map(removal({ content: { redacts: "$old" } }))).toMatchObject({ type: "edit", message: "$old" });
  expect(replacedMessage(removal({ redacts: "$old" }))).toBeUndefined();
});

test("a reaction says its emoji without the selector of the colored form", () => {
  const content = { "m.relates_to": { rel_type: "m.annotation", event_id: "$old", key: "✅\u{fe0f}" } };
  expect(map(event(content, { type: "m.reaction" }))).toMatchObject({ type: "reaction", message: "$old", text: "✅" });
});

const REPLY = { "m.in_reply_to": { event_id: "$old" } };

test.each([
  ["> <@bea:example.org> merge 4\n> now\n\nno", "no"],
  ["> <@bea:example.org> merge 4\n\n> mine\nno", "> mine\nno"],
  ["> <@bea:example.org> merge 4", ""],
  ["no", "no"],
])("what a reply quotes is no part of its text: %j", (body, text) => {
  expect(map(said(body, REPLY))).toMatchObject({ text, quotes: "$old", thread: null });
});

test("without a reply a quotation stays", () => {
  expect(map(said("> merge 4\n\nno"))).toMatchObject({ text: "> merge 4\n\nno", quotes: null });
});

test("in a thread, a reply that is there for older clients quotes nothing", () => {
  const thread = { rel_type: "m.thread", event_id: "$root", ...REPLY };
  expect(map(said("x", { ...thread, is_falling_back: true }))).toMatchObject({ thread: "$root", quotes: null });
  expect(map(said("x", { ...thread, is_falling_back: false }))).toMatchObject({ thread: "$root", quotes: "$old" });
  expect(map(said("x", thread))).toMatchObject({ thread: "$root", quotes: "$old" });
  expect(map(said("x", { ...REPLY, is_falling_back: true }))).toMatchObject({ thread: null, quotes: "$old" });
});

test.each([
  [],
  "x",
  1,
  null,
  { event_id: {} },
  { "m.in_reply_to": "x" },
  { rel_type: "m.thread", event_id: "$".repeat(300) },
  { rel_type: "m.thread", event_id: "../../join/!room" },
  { rel_type: "m.thread", event_id: "$half\ud800" },
  { rel_type: "m.thread", event_id: "$nul\0" },
])("a relation that is malformed is none: %j", (relates) => {
  expect(map(said("x", relates))).toMatchObject({ type: "message", thread: null, quotes: null, text: "x" });
});
