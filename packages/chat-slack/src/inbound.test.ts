import type { InboundEvent } from "@skein/chat";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { readEventCallback, readHistoryMessage, readInteraction, readSlashCommand, type Reading } from "./inbound.ts";

const identity = { team: "T0LOCAL", enterprise: undefined, user: "U0BOT", bot: "B0BOT" };
const recipient = { identity, app: undefined };
const arrival = { id: "env-1", atMs: 1_700_000_000_000 };

const wrap = (event: object, more: object = {}): object => ({
  type: "event_callback",
  team_id: "T0LOCAL",
  api_app_id: "A0TEST",
  event_id: "Ev01",
  event,
  ...more,
});
const typed = (more: object = {}): object => ({
  type: "message",
  channel: "C0ROOM",
  channel_type: "channel",
  user: "U0ADA",
  team: "T0LOCAL",
  text: "status",
  ts: "1700000001.000100",
  event_ts: "1700000001.000100",
  ...more,
});
const eventsOf = (reading: Reading): readonly InboundEvent[] => (reading.type === "events" ? reading.events : []);
const read = (event: object, more?: object): readonly InboundEvent[] =>
  eventsOf(readEventCallback(wrap(event, more), recipient));

describe("messages", () => {
  test.each([
    ["in a room", {}, { direct: false, thread: null }],
    ["to the bot alone", { channel: "D0ADA", channel_type: "im" }, { direct: true }],
    ["in a group of a few", { channel: "G0FEW", channel_type: "mpim" }, { direct: false }],
    ["in a thread", { thread_ts: "1700000000.000100" }, { thread: "1700000000.000100" }],
    ["that opened a thread", { thread_ts: "1700000001.000100" }, { thread: null }],
    [
      "in a thread and to the room",
      { subtype: "thread_broadcast", thread_ts: "1700000000.000100" },
      { text: "status" },
    ],
    ["with a file", { subtype: "file_share", files: [{ id: "F1", title: "merge 01ABC" }] }, { text: "status" }],
    ["with something attached", { attachments: [{ text: "merge 01ABC" }] }, { text: "status" }],
  ])("%s are read", (_, more, expected) => {
    expect(read(typed(more))).toMatchObject([expected]);
  });

  test.each([
    ["a bot", { bot_id: "B0THER" }],
    ["a bot by its profile", { bot_profile: { id: "B0THER" } }],
    ["an app", { app_id: "A0THER" }],
    ["a bot under a person's name", { subtype: "bot_message", username: "Ada" }],
    ["the bot itself", { user: "U0BOT" }],
    ["Slack's helper", { user: "USLACKBOT" }],
    ["nobody", { user: undefined }],
    ["a topic that was changed", { subtype: "channel_topic" }],
    ["a reply that is counted", { subtype: "message_replied" }],
    ["something hidden", { hidden: true }],
    ["a file without words", { subtype: "file_share", text: "" }],
    ["words of somebody else only", { text: "&gt; merge 01ABC" }],
    ["a time that is none", { ts: "now" }],
    ["a channel that is none", { channel: "../../x" }],
    ["a person that is none", { user: "slack:T1/U1" }],
  ])("of %s are none", (_, more) => {
    expect(read(typed(more))).toEqual([]);
  });

  test("of two people with the same name are of two people", () => {
    const profile = { user_profile: { display_name: "Ada", real_name: "Ada" }, username: "Ada" };
    const [ada, mallory] = [read(typed(profile)), read(typed({ ...profile, user: "U0MALLORY" }))];
    expect(ada[0]?.principal).toBe("slack:T0LOCAL/U0ADA");
    expect(mallory[0]?.principal).toBe("slack:T0LOCAL/U0MALLORY");
  });

  test("of another workspace are of somebody else, whatever field says so", () => {
    for (const more of [{ user_team: "T0FAR" }, { source_team: "T0FAR" }, { team: "T0FAR" }]) {
      expect(read(typed(more))[0]?.principal).toBe("slack:T0FAR/U0ADA");
    }
    expect(read(typed({ team: undefined }))[0]?.principal).toBe("slack:T0LOCAL/U0ADA");
    expect(read(typed({ team: undefined }), { is_ext_shared_channel: true })[0]?.principal).toBe(
      "slack:external/U0ADA",
    );
  });

  test("have the same id and content as a mention, over history, and at every delivery", () => {
    const message = typed({ text: "<@U0BOT> status" });
    const [first] = read(message);
    const { channel_type: _, ...mention } = { ...message, type: "app_mention", channel_type: "" };
    expect(read(mention, { event_id: "Ev02" })).toEqual([first]);
    expect(readHistoryMessage({ ...message, type: "message" }, "C0ROOM", identity)).toEqual(first);
    expect(first?.id).toBe("T0LOCAL/C0ROOM/1700000001.000100");
  });

  test("that were changed are not read from history", () => {
    const changed = typed({ edited: { user: "U0ADA", ts: "1700000002.000000" } });
    expect(readHistoryMessage(changed, "C0ROOM", identity)).toBeUndefined();
  });
});

describe("edits", () => {
  const change = (message: object, more: object = {}): object => ({
    type: "message",
    subtype: "message_changed",
    channel: "C0ROOM",
    ts: "1700000009.000100",
    message: typed({ text: "merge 2", edited: { user: "U0ADA", ts: "1700000008.000000" }, ...message }),
    previous_message: typed({ text: "merge 1" }),
    ...more,
  });

  test("are told as such, never as messages, and each under its own id", () => {
    const [one] = read(change({}));
    expect(one).toMatchObject({
      id: "T0LOCAL/C0ROOM/1700000001.000100/1700000008.000000",
      type: "edit",
      text: "merge 2",
      message: "1700000001.000100",
      addressed: false,
      principal: "slack:T0LOCAL/U0ADA",
    });
    const [two] = read(change({ edited: { user: "U0ADA", ts: "1700000010.000000" } }));
    expect(two?.id).not.toBe(one?.id);
  });

  test("of bots, of our own cards and without other words are nothing", () => {
    expect(read(change({ bot_id: "B0THER" }))).toEqual([]);
    expect(read(change({ user: "U0BOT" }))).toEqual([]);
    expect(read(change({ text: "merge 1", attachments: [{ text: "x" }] }))).toEqual([]);
    expect(read(change({}, { message: undefined }))).toEqual([]);
  });

  test("take back what is deleted, also when it had replies", () => {
    const deletion = { type: "message", subtype: "message_deleted", channel: "C0ROOM", ts: "1700000009.000100" };
    const plain = read({ ...deletion, deleted_ts: "1700000001.000100", previous_message: typed() });
    const tombstone = read(change({ subtype: "tombstone", user: "USLACKBOT", text: "This message was deleted." }));
    expect(plain).toMatchObject([{ type: "edit", text: "", message: "1700000001.000100" }]);
    expect(tombstone.map(({ id, text }) => ({ id, text }))).toEqual(plain.map(({ id, text }) => ({ id, text })));
    expect(read({ ...deletion, deleted_ts: "1.1", previous_message: typed({ bot_id: "B1" }) })).toEqual([]);
    expect(read(deletion)).toEqual([]);
  });
});

describe("reactions", () => {
  const reaction = (more: object = {}): object => ({
    type: "reaction_added",
    user: "U0ADA",
    reaction: "white_check_mark",
    item: { type: "message", channel: "C0ROOM", ts: "1700000001.000100" },
    event_ts: "1700000005.000100",
    ...more,
  });
  test("carry their emoji and sit on a message", () => {
    expect(read(reaction())).toEqual([
      {
        id: "Ev01",
        type: "reaction",
        principal: "slack:T0LOCAL/U0ADA",
        displayName: "U0ADA",
        room: "C0ROOM",
        direct: false,
        thread: null,
        message: "1700000001.000100",
        quotes: null,
        text: "✅",
        addressed: false,
        atMs: 1_700_000_005_000,
      },
    ]);
    expect(read(reaction({ reaction: "+1::skin-tone-4" }))).toMatchObject([{ text: "👍" }]);
    expect(read(reaction({ reaction: "party_parrot" }))).toMatchObject([{ text: ":party_parrot:" }]);
  });
  test("of the bot itself, on files and taken back are nothing", () => {
    expect(read(reaction({ user: "U0BOT" }))).toEqual([]);
    expect(read(reaction({ item: { type: "file", file: "F1" } }))).toEqual([]);
    expect(read(reaction({ type: "reaction_removed" }))).toEqual([]);
  });
});

describe("slash commands and buttons", () => {
  const slash = {
    command: "/skein",
    text: "show &lt;1&gt;",
    team_id: "T0LOCAL",
    channel_id: "C0ROOM",
    user_id: "U0ADA",
  };
  const click = {
    type: "block_actions",
    user: { id: "U0ADA", team_id: "T0LOCAL" },
    team: { id: "T0LOCAL" },
    channel: { id: "C0ROOM" },
    container: { type: "message", message_ts: "1700000001.000100" },
    message: { thread_ts: "1700000000.000100" },
    actions: [{ type: "button", action_id: "skein:1", value: "approve 01ABC", action_ts: "1700000009.000100" }],
  };
  const press = (more: object): readonly InboundEvent[] =>
    eventsOf(readInteraction({ ...click, ...more }, recipient, arrival));

  test("without an id of their own have the arrival's", () => {
    expect(eventsOf(readSlashCommand(slash, recipient, arrival))).toMatchObject([
      { id: "env-1", type: "slash", text: "show <1>", displayName: "U0ADA", atMs: arrival.atMs },
    ]);
    expect(press({})).toMatchObject([{ id: "env-1", type: "button", thread: "1700000000.000100" }]);
    expect(press({ trigger_id: "9.9.f" })).toMatchObject([{ id: "9.9.f", atMs: 1_700_000_009_000 }]);
  });

  test("of another workspace's people are theirs", () => {
    expect(press({ user: { id: "U0ADA", team_id: "T0FAR" } })).toMatchObject([{ principal: "slack:T0FAR/U0ADA" }]);
  });

  test("that are not ours are nothing", () => {
    expect(press({ actions: [{ type: "button", action_id: "other", value: "approve 01ABC" }] })).toEqual([]);
    expect(press({ actions: [{ type: "static_select", action_id: "skein:1", value: "approve 01ABC" }] })).toEqual([]);
    expect(press({ actions: [{ type: "button", action_id: "skein:1" }] })).toEqual([]);
    expect(press({ container: { type: "view" } })).toEqual([]);
    expect(press({ type: "view_submission" })).toEqual([]);
  });
});

test.each([
  ["this workspace", { team_id: "T0LOCAL" }, "events"],
  ["this one, through another", { team_id: "T0FAR", context_team_id: "T0LOCAL" }, "events"],
  ["this one, by its authorization", { team_id: "T0FAR", authorizations: [{ team_id: "T0LOCAL" }] }, "events"],
  ["its organization", { team_id: null, authorizations: [{ enterprise_id: "E0ORG" }] }, "events"],
  ["another one", { team_id: "T0FAR", authorizations: [{ team_id: "T0FAR2" }] }, "foreign"],
  ["another app", { api_app_id: "A0THER" }, "foreign"],
])("an event for %s is taken as such", (_, more, type) => {
  const ours = { identity: { ...identity, enterprise: "E0ORG" }, app: "A0TEST" };
  expect(readEventCallback(wrap(typed(), more), ours).type).toBe(type);
});

test("no payload whatsoever throws, and every event has its bounds", () => {
  const scalar = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.constant(undefined));
  const field = fc.oneof(
    scalar,
    fc.array(scalar, { maxLength: 3 }),
    fc.dictionary(fc.string(), scalar, { maxKeys: 3 }),
  );
  const mangled = fc.dictionary(
    fc.constantFrom(...Object.keys(typed()), "subtype", "message", "item", "edited"),
    field,
  );
  fc.assert(
    fc.property(mangled, fc.boolean(), (more, wrapped) => {
      const event = typed(more);
      const payload = wrapped ? wrap(event) : event;
      for (const reading of [
        readEventCallback(payload, recipient),
        readSlashCommand(payload, recipient, arrival),
        readInteraction(payload, recipient, arrival),
      ]) {
        for (const { id, principal, type } of eventsOf(reading)) {
          expect(id.length).toBeLessThanOrEqual(300);
          expect(principal).toMatch(/^slack:[A-Z0-9a-z]+\/[A-Z0-9]+$/);
          expect(["message", "edit"]).toContain(type);
        }
      }
    }),
    { numRuns: 1_000 },
  );
});
