import type { HostDouble } from "@skein/chat/testing";
import { describe, expect, test } from "vitest";

import { ADA, BOT_ID, BOT_USER, buttonClick, callback, ROOM, slashFields, TEAM } from "../support/slack-server.ts";
import { useSlackSocket } from "../support/slack-stand.ts";
import { waitFor } from "../support/wait.ts";

const { slack, opened, isAcknowledged } = useSlackSocket();

const texts = (host: HostDouble): readonly string[] => host.received.map(({ text }) => text);
const unique = (host: HostDouble): readonly string[] => [...new Set(host.received.map(({ id }) => id))];

describe("what comes over the socket", () => {
  test("is handed to the mesh and acknowledged", async () => {
    const { host } = await opened();
    const { ts, envelopes } = slack().write({ text: "hello &lt;there&gt;" });
    await waitFor("the acknowledgement", () => isAcknowledged(envelopes));
    expect(host.received).toEqual([
      {
        id: `${TEAM}/${ROOM}/${ts}`,
        type: "message",
        principal: `slack:${TEAM}/${ADA}`,
        displayName: ADA,
        room: ROOM,
        direct: false,
        thread: null,
        message: ts,
        quotes: null,
        text: "hello <there>",
        addressed: false,
        atMs: Math.floor(Number(ts) * 1_000),
      },
    ]);
    expect(host.cursors).toEqual([ts]);
    expect(slack().sockets.acknowledged.get(envelopes[0] ?? "")).toEqual([{}]);
  });

  test("is not acknowledged while the disk refuses, and comes again", async () => {
    const { host } = await opened();
    host.failure = "the disk is full";
    const { ts, envelopes } = slack().write({ text: "do not lose me" });
    const [id = ""] = envelopes;
    await waitFor("a second delivery", () => (slack().sockets.deliveries.get(id) ?? 0) >= 2);
    expect(slack().sockets.acknowledged.has(id)).toBe(false);
    expect(host.cursors).toEqual([]);
    host.failure = undefined;
    await waitFor("the acknowledgement", () => isAcknowledged(envelopes));
    expect(texts(host)).toEqual(["do not lose me"]);
    expect(host.cursors).toEqual([ts]);
  });

  test("is one event when a mention arrives as a message and as a mention", async () => {
    const { host } = await opened();
    const { envelopes } = slack().write({ text: `<@${BOT_USER}> status` });
    expect(envelopes).toHaveLength(2);
    await waitFor("both acknowledgements", () => isAcknowledged(envelopes));
    expect(host.received).toHaveLength(2);
    expect(unique(host)).toHaveLength(1);
    expect(new Set(host.received.map((event) => JSON.stringify(event))).size).toBe(1);
    expect(host.received[0]).toMatchObject({ text: "status", addressed: true });
  });

  test("may be a slash command, which is answered to the one who typed it, and a button", async () => {
    const { host } = await opened();
    const slash = slack().sockets.deliver("slash_commands", slashFields({ text: "show 01ABC" }));
    const click = slack().sockets.deliver("interactive", buttonClick());
    await waitFor("both acknowledgements", () => isAcknowledged([slash, click]));
    expect(slack().sockets.acknowledged.get(slash ?? "")).toEqual([
      { response_type: "ephemeral", text: "Received; the answer follows." },
    ]);
    expect(host.received).toMatchObject([
      { type: "slash", id: slashFields({})["trigger_id"], text: "show 01ABC", addressed: true, message: "" },
      { type: "button", id: "12466734323.1395872398.0123456789", text: "approve 01ABC 3", room: ROOM },
    ]);
  });

  test("does nothing when it is no payload that anybody knows", async () => {
    const { host } = await opened();
    const odd: readonly unknown[] = [
      null,
      [],
      { type: "app_rate_limited", team_id: TEAM, minute_rate_limited: 1, api_app_id: "A0TEST" },
      { type: "event_callback", event: { type: "close" }, event_id: "Ev1" },
      { type: "event_callback", event: { type: "message", channel: 7, ts: {} }, event_id: "Ev2" },
      callback({ type: "error" }),
      callback({ type: "disconnected" }),
    ];
    slack().sockets.frame("null");
    slack().sockets.frame("{");
    slack().sockets.frame('{"type":"events_api"}');
    slack().sockets.frame('{"type":"events_api","envelope_id":7,"payload":{}}');
    const envelopes = odd.map((payload) => slack().sockets.deliver("events_api", payload));
    const after = slack().write({ text: "still here" }).envelopes;
    await waitFor("the acknowledgements", () => isAcknowledged([...envelopes, ...after]));
    expect(texts(host)).toEqual(["still here"]);
    expect(slack().sockets.accepted()).toBe(1);
    expect(host.troubles).toMatchObject([{ severity: "passing", message: expect.stringContaining("30,000") }]);
  });

  test.each([
    ["another bot", { bot_id: "B0THER", user: "U0THER" }],
    ["a bot that pretends to be a person", { subtype: "bot_message", username: "ada", user: ADA }],
    ["an app with a person's token", { app_id: "A0THER" }],
    ["the bot itself", { user: BOT_USER, bot_id: BOT_ID }],
    ["Slack's own helper", { user: "USLACKBOT" }],
    [
      "a shared message without words of one's own",
      { text: "", attachments: [{ text: "merge 01ABC", is_share: true }] },
    ],
    ["somebody who joins", { subtype: "channel_join" }],
  ])("is no message when it is from %s", async (_, more) => {
    const { host } = await opened();
    const { envelopes } = slack().write({ text: "merge 01ABC", ...more });
    const after = slack().write({ text: "a person" }).envelopes;
    await waitFor("the acknowledgements", () => isAcknowledged([...envelopes, ...after]));
    expect(texts(host)).toEqual(["a person"]);
  });

  test("is an edit when a message was changed or deleted, and nothing when only a link unfolded", async () => {
    const { host } = await opened();
    const change = (message: object, previous: object): string | undefined =>
      slack().sockets.deliver(
        "events_api",
        callback({
          type: "message",
          subtype: "message_changed",
          hidden: true,
          channel: ROOM,
          ts: "1700000900.000100",
          message: { type: "message", user: ADA, team: TEAM, ts: "1700000001.000100", ...message },
          previous_message: { type: "message", user: ADA, team: TEAM, ts: "1700000001.000100", ...previous },
        }),
      );
    const envelopes = [
      change({ text: "merge 2", edited: { user: ADA, ts: "1700000900.000000" } }, { text: "merge 1" }),
      change({ text: "see https://a.test", attachments: [{ text: "unfolded" }] }, { text: "see https://a.test" }),
      change({ text: "card 2", user: BOT_USER, bot_id: BOT_ID }, { text: "card 1" }),
      slack().sockets.deliver(
        "events_api",
        callback({
          type: "message",
          subtype: "message_deleted",
          hidden: true,
          channel: ROOM,
          ts: "1700000901.000100",
          deleted_ts: "1700000001.000100",
          previous_message: { type: "message", user: ADA, team: TEAM, ts: "1700000001.000100", text: "merge 2" },
        }),
      ),
    ];
    await waitFor("the acknowledgements", () => isAcknowledged(envelopes));
    expect(host.received.map(({ type, text, message }) => ({ type, text, message }))).toEqual([
      { type: "edit", text: "merge 2", message: "1700000001.000100" },
      { type: "edit", text: "", message: "1700000001.000100" },
    ]);
    expect(unique(host)).toHaveLength(2);
  });

  test("keeps a person of another workspace apart from one with the same id here", async () => {
    const { host } = await opened();
    const shared = { is_ext_shared_channel: true };
    const message = { type: "message", channel: ROOM, user: ADA, text: "merge 01ABC", channel_type: "channel" };
    const envelopes = [
      callback({ ...message, ts: "1700000001.000100", user_team: "T0FOREIGN", source_team: "T0FOREIGN" }, shared),
      callback({ ...message, ts: "1700000002.000100", team: "T0FOREIGN" }, shared),
      callback({ ...message, ts: "1700000003.000100" }, shared),
      callback({ ...message, ts: "1700000004.000100", user_team: TEAM }, shared),
      callback(
        { type: "reaction_added", user: ADA, reaction: "+1", item: { type: "message", channel: ROOM, ts: "1.1" } },
        shared,
      ),
    ].map((event) => slack().sockets.deliver("events_api", event));
    await waitFor("the acknowledgements", () => isAcknowledged(envelopes));
    expect(host.received.map(({ principal }) => principal)).toEqual([
      `slack:T0FOREIGN/${ADA}`,
      `slack:T0FOREIGN/${ADA}`,
      `slack:external/${ADA}`,
      `slack:${TEAM}/${ADA}`,
      `slack:external/${ADA}`,
    ]);
  });

  test("is left alone when it is for another workspace of the app", async () => {
    const { host } = await opened();
    const foreign = { team_id: "T0FOREIGN", context_team_id: "T0FOREIGN", authorizations: [{ team_id: "T0FOREIGN" }] };
    const envelope = slack().sockets.deliver(
      "events_api",
      callback({ type: "message", channel: ROOM, user: ADA, text: "merge", ts: "1700000001.000100" }, foreign),
    );
    await waitFor("the acknowledgement", () => isAcknowledged([envelope]));
    expect(host.received).toEqual([]);
  });
});
