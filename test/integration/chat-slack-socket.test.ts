import { createHostDouble, type HostDouble } from "@skein/chat/testing";
import type { Ingress } from "@skein/chat";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import {
  ADA,
  BOT_ID,
  BOT_USER,
  buttonClick,
  callback,
  ROOM,
  slashFields,
  type SlackServer,
  startSlack,
  TEAM,
} from "../support/slack-server.ts";
import { createStand, type Stand } from "../support/slack-transport.ts";
import { waitFor } from "../support/wait.ts";

let slack: SlackServer;
let ingress: Ingress | undefined;
let stand: Stand | undefined;

beforeEach(async () => {
  slack = await startSlack();
});

afterEach(async () => {
  await ingress?.close();
  await stand?.transport.close();
  ingress = undefined;
  stand = undefined;
  await slack.close();
});

function open(settings: object = {}, cursor?: string): { readonly host: HostDouble; readonly stand: Stand } {
  const host = createHostDouble(cursor);
  const made = createStand({ mode: "socket", apiUrl: slack.apiUrl, ...settings });
  stand = made;
  ingress = made.transport.open?.(host);
  return { host, stand: made };
}

async function opened(settings: object = {}, cursor?: string): Promise<{ host: HostDouble; stand: Stand }> {
  const both = open(settings, cursor);
  await waitFor("an open socket", () => slack.sockets.open() === 1);
  return both;
}

const texts = (host: HostDouble): readonly string[] => host.received.map(({ text }) => text);
const unique = (host: HostDouble): readonly string[] => [...new Set(host.received.map(({ id }) => id))];
const acked = (envelopes: readonly (string | undefined)[]): boolean =>
  envelopes.every((id) => id !== undefined && slack.sockets.acknowledged.has(id));

describe("what comes over the socket", () => {
  test("is handed to the mesh and acknowledged", async () => {
    const { host } = await opened();
    const { ts, envelopes } = slack.write({ text: "hello &lt;there&gt;" });
    await waitFor("the acknowledgement", () => acked(envelopes));
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
    expect(slack.sockets.acknowledged.get(envelopes[0] ?? "")).toEqual([{}]);
  });

  test("is not acknowledged while the disk refuses, and comes again", async () => {
    const { host } = await opened();
    host.failure = "the disk is full";
    const { ts, envelopes } = slack.write({ text: "do not lose me" });
    const [id = ""] = envelopes;
    await waitFor("a second delivery", () => (slack.sockets.deliveries.get(id) ?? 0) >= 2);
    expect(slack.sockets.acknowledged.has(id)).toBe(false);
    expect(host.cursors).toEqual([]);
    host.failure = undefined;
    await waitFor("the acknowledgement", () => acked(envelopes));
    expect(texts(host)).toEqual(["do not lose me"]);
    expect(host.cursors).toEqual([ts]);
  });

  test("is one event when a mention arrives as a message and as a mention", async () => {
    const { host } = await opened();
    const { envelopes } = slack.write({ text: `<@${BOT_USER}> status` });
    expect(envelopes).toHaveLength(2);
    await waitFor("both acknowledgements", () => acked(envelopes));
    expect(host.received).toHaveLength(2);
    expect(unique(host)).toHaveLength(1);
    expect(new Set(host.received.map((event) => JSON.stringify(event))).size).toBe(1);
    expect(host.received[0]).toMatchObject({ text: "status", addressed: true });
  });

  test("may be a slash command, which is answered to the one who typed it, and a button", async () => {
    const { host } = await opened();
    const slash = slack.sockets.deliver("slash_commands", slashFields({ text: "show 01ABC" }));
    const click = slack.sockets.deliver("interactive", buttonClick());
    await waitFor("both acknowledgements", () => acked([slash, click]));
    expect(slack.sockets.acknowledged.get(slash ?? "")).toEqual([
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
    slack.sockets.frame("null");
    slack.sockets.frame("{");
    slack.sockets.frame('{"type":"events_api"}');
    slack.sockets.frame('{"type":"events_api","envelope_id":7,"payload":{}}');
    const envelopes = odd.map((payload) => slack.sockets.deliver("events_api", payload));
    const after = slack.write({ text: "still here" }).envelopes;
    await waitFor("the acknowledgements", () => acked([...envelopes, ...after]));
    expect(texts(host)).toEqual(["still here"]);
    expect(slack.sockets.accepted()).toBe(1);
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
    const { envelopes } = slack.write({ text: "merge 01ABC", ...more });
    const after = slack.write({ text: "a person" }).envelopes;
    await waitFor("the acknowledgements", () => acked([...envelopes, ...after]));
    expect(texts(host)).toEqual(["a person"]);
  });

  test("is an edit when a message was changed or deleted, and nothing when only a link unfolded", async () => {
    const { host } = await opened();
    const change = (message: object, previous: object): string | undefined =>
      slack.sockets.deliver(
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
      slack.sockets.deliver(
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
    await waitFor("the acknowledgements", () => acked(envelopes));
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
    ].map((event) => slack.sockets.deliver("events_api", event));
    await waitFor("the acknowledgements", () => acked(envelopes));
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
    const envelope = slack.sockets.deliver(
      "events_api",
      callback({ type: "message", channel: ROOM, user: ADA, text: "merge", ts: "1700000001.000100" }, foreign),
    );
    await waitFor("the acknowledgement", () => acked([envelope]));
    expect(host.received).toEqual([]);
  });
});

describe("connections", () => {
  test("a refresh loses nothing and doubles nothing: the next socket is open before the old one closes", async () => {
    const { host, stand } = await opened();
    const written: (string | undefined)[] = [];
    for (let round = 0; round < 3; round += 1) {
      written.push(...slack.write({ text: `before ${round}` }).envelopes);
      const accepted = slack.sockets.accepted();
      slack.sockets.announce(round === 0 ? "warning" : "refresh_requested");
      await waitFor("the next socket", () => {
        // Three times within seconds looks like a failing server, which is dialed with a back-off.
        stand.clock.leap(1_000);
        return slack.sockets.accepted() === accepted + 1;
      });
      await waitFor("one socket", () => slack.sockets.open() === 1);
      written.push(...slack.write({ text: `after ${round}` }).envelopes);
    }
    await waitFor("every acknowledgement", () => acked(written));
    expect(texts(host)).toEqual(["before 0", "after 0", "before 1", "after 1", "before 2", "after 2"]);
    expect([...slack.sockets.deliveries.values()]).toEqual(written.map(() => 1));
    expect(slack.sockets.most()).toBe(2);
    expect(host.troubles).toEqual([]);
  });

  test("an old socket is closed only after what came over it is durable and acknowledged", async () => {
    const { host } = await opened();
    let finish: () => void = () => undefined;
    const disk = new Promise<void>((resolve) => (finish = resolve));
    const receive = host.receive;
    host.receive = async (events) => {
      await disk;
      return receive(events);
    };
    const { envelopes } = slack.write({ text: "slow disk" });
    await waitFor("the delivery", () => slack.sockets.deliveries.get(envelopes[0] ?? "") === 1);
    slack.sockets.announce("refresh_requested");
    await waitFor("the next socket", () => slack.sockets.open() === 2);
    finish();
    await waitFor("the acknowledgement", () => acked(envelopes));
    await waitFor("one socket", () => slack.sockets.open() === 1);
    expect(texts(host)).toContain("slow disk");
    expect(unique(host)).toHaveLength(1);
  });

  test("errors of Slack at reconnecting are survived, and a person is told when they go on", async () => {
    const { host, stand } = await opened();
    let failures = 0;
    slack.fault = ({ method }) => {
      if (method !== "apps.connections.open" || failures >= 5) return undefined;
      failures += 1;
      return { type: "status", status: 500 };
    };
    slack.sockets.breakOff();
    await waitFor("an open socket", () => {
      stand.clock.leap(20_000);
      return failures === 5 && slack.sockets.open() === 1;
    });
    expect(host.troubles).toMatchObject([{ severity: "passing", message: expect.stringContaining("HTTP 500") }]);
    const { envelopes } = slack.write({ text: "after the errors" });
    await waitFor("the acknowledgement", () => acked(envelopes));
    expect(texts(host)).toEqual(["after the errors"]);
  });

  test("sockets that are refused, say no hello or break off at once are dialed again, ever more slowly", async () => {
    const { stand } = await opened();
    slack.sockets.refusing = true;
    slack.sockets.breakOff();
    await waitFor("some attempts", () => {
      stand.clock.leap(1_000);
      return slack.calls.filter(({ method }) => method === "apps.connections.open").length >= 4;
    });
    slack.sockets.refusing = false;
    slack.sockets.silent = true;
    const before = slack.sockets.accepted();
    await waitFor("a silent socket", () => {
      stand.clock.leap(1_000);
      return slack.sockets.accepted() > before;
    });
    slack.sockets.silent = false;
    await waitFor("an open socket", () => {
      stand.clock.leap(5_000);
      return slack.sockets.open() === 1;
    });
    expect(stand.log.filter(({ event }) => event === "chat-slack.no-connection").length).toBeGreaterThanOrEqual(3);
  });

  test("too many calls are waited out for as long as Slack says", async () => {
    slack.fault = ({ method }) =>
      method === "apps.connections.open"
        ? { type: "status", status: 429, headers: { "retry-after": "30" } }
        : undefined;
    const { stand } = open();
    await waitFor("the first attempt", () => stand.log.some(({ text }) => text.includes("30 s")));
    slack.fault = () => undefined;
    stand.clock.leap(29_000);
    expect(slack.calls.filter(({ method }) => method === "apps.connections.open")).toHaveLength(1);
    await waitFor("an open socket", () => {
      stand.clock.leap(1_000);
      return slack.sockets.open() === 1;
    });
  });

  test.each([
    ["a token that was revoked", () => void (slack.revoked = true), "revoked"],
    ["a token of another workspace", () => undefined, "T0OTHER"],
  ])("%s is told once and stops everything", async (_, prepare, said) => {
    prepare();
    const { host, stand } = open(said === "T0OTHER" ? { team: "T0OTHER" } : {});
    await waitFor("the trouble", () => host.troubles.length > 0);
    stand.clock.leap(600_000);
    expect(host.troubles).toEqual([{ severity: "fatal", message: expect.stringContaining(said) }]);
    expect(slack.sockets.accepted()).toBe(0);
    expect(slack.calls).toHaveLength(1);
  });

  test("Socket Mode that is turned off in the app, and an app that is removed, are told", async () => {
    const { host } = await opened();
    slack.sockets.deliver("events_api", callback({ type: "app_uninstalled" }));
    slack.sockets.deliver("events_api", callback({ type: "tokens_revoked", tokens: { bot: ["U0THER"] } }));
    slack.sockets.announce("link_disabled");
    await waitFor("both troubles", () => host.troubles.length === 2);
    expect(host.troubles.map(({ severity, message }) => `${severity}: ${message}`)).toEqual([
      expect.stringMatching(/^fatal: .*removed from the workspace/),
      expect.stringMatching(/^fatal: .*Socket Mode was turned off/),
    ]);
    await waitFor("no socket", () => slack.sockets.open() === 0);
  });

  test("closing ends everything, in whatever state it is", async () => {
    await opened();
    await ingress?.close();
    await waitFor("no socket", () => slack.sockets.open() === 0);
    slack.sockets.silent = true;
    open();
    await waitFor("a dialed socket", () => slack.sockets.accepted() === 2);
    await ingress?.close();
    slack.fault = () => ({ type: "status", status: 500 });
    open();
    await waitFor("a failed call", () => slack.calls.filter(({ method }) => method === "auth.test").length >= 3);
    await ingress?.close();
    ingress = undefined;
  });

  test("no secret and no text of a person gets into the log", async () => {
    const { stand } = await opened();
    const { envelopes } = slack.write({ text: "between you and me" });
    await waitFor("the acknowledgement", () => acked(envelopes));
    slack.sockets.breakOff();
    await waitFor("a line about it", () => stand.log.some(({ event }) => event === "chat-slack.leaving"));
    const all = stand.log.map(({ text }) => text).join("\n");
    expect(all).not.toMatch(/xoxb|xapp|ticket|between you and me/);
  });
});

describe("after the socket was away", () => {
  const outage = async (stand: Stand, ms: number, meanwhile: () => void): Promise<void> => {
    slack.sockets.refusing = true;
    slack.sockets.breakOff();
    await waitFor("no socket", () => slack.sockets.open() === 0);
    await waitFor("the notice of it", () => stand.log.some(({ event }) => event === "chat-slack.leaving"));
    meanwhile();
    stand.clock.leap(ms);
    slack.sockets.refusing = false;
    await waitFor("an open socket", () => {
      stand.clock.leap(2_000);
      return slack.sockets.open() === 1;
    });
  };

  test("the channels of the setting are read from the cursor on, threads included, once each", async () => {
    slack.write({ text: "long before this account" });
    const root = slack.write({ text: "an item's thread" }).ts;
    const { host, stand } = await opened({ backfill: [ROOM] });
    await waitFor("the cursor at the newest message", () => host.cursors.at(-1) === root);
    const seen = slack.write({ text: "seen" });
    await waitFor("the acknowledgement", () => acked(seen.envelopes));

    await outage(stand, 30_000, () => {
      slack.write({ text: "missed one" });
      slack.write({ text: "missed reply", thread_ts: root });
      slack.write({ text: "of a bot", bot_id: "B0THER" });
      slack.write({ text: "changed since", edited: { user: ADA, ts: "1800000000.000100" } });
      slack.write({ text: "elsewhere", channel: "C0OTHER" });
      slack.write({ text: `<@${BOT_USER}> missed two` });
    });
    const after = slack.write({ text: "after" });
    await waitFor("everything", () => texts(host).includes("missed two") && texts(host).includes("after"));

    expect(texts(host).filter((text) => text.startsWith("missed"))).toEqual([
      "missed one",
      "missed reply",
      "missed two",
    ]);
    expect(texts(host).toSorted()).toEqual(["after", "missed one", "missed reply", "missed two", "seen"]);
    expect(host.received.find(({ text }) => text === "missed reply")?.thread).toBe(root);
    await waitFor("the cursor at the end", () => host.cursors.at(-1) === after.ts);
    expect(host.cursors).toEqual([...host.cursors].toSorted((a, b) => Number(a) - Number(b)));
  });

  test("the next holder reads from where the last one was", async () => {
    const known = slack.write({ text: "known" }).ts;
    slack.write({ text: "nobody was there" });
    const { host } = await opened({ backfill: [ROOM] }, known);
    await waitFor("the missed message", () => host.received.length === 1);
    expect(host.received[0]).toMatchObject({ text: "nobody was there", principal: `slack:${TEAM}/${ADA}` });
  });

  test("the cursor stays while the disk refuses what was read, and nothing is skipped", async () => {
    const known = slack.write({ text: "known" }).ts;
    const missed = slack.write({ text: "missed" }).ts;
    const host = createHostDouble(known);
    host.failure = "the disk is full";
    stand = createStand({ mode: "socket", apiUrl: slack.apiUrl, backfill: [ROOM] });
    ingress = stand.transport.open?.(host);
    await waitFor("a refusal", () => stand?.log.some(({ event }) => event === "chat-slack.not-durable"));
    expect(host.cursors).toEqual([]);
    host.failure = undefined;
    await waitFor("the missed message", () => {
      stand?.clock.leap(60_000);
      return texts(host).includes("missed");
    });
    await waitFor("the cursor", () => host.cursors.at(-1) === missed);
  });

  test("a short gap reads nothing, and a channel that cannot be read is told", async () => {
    const { host, stand } = await opened({ backfill: [ROOM] });
    const reads = (): number => slack.calls.filter(({ method }) => method.startsWith("conversations.")).length;
    await waitFor("the first look", () => reads() === 1);
    const { envelopes } = slack.write({ text: "one" });
    await waitFor("the acknowledgement", () => acked(envelopes));
    slack.fault = ({ method }) =>
      method.startsWith("conversations.") ? { type: "error", error: "not_in_channel" } : undefined;
    await outage(stand, 30_000, () => undefined);
    await waitFor("the trouble", () => host.troubles.length === 1);
    expect(host.troubles[0]?.message).toContain("invite it there");
    const before = reads();
    const accepted = slack.sockets.accepted();
    slack.sockets.announce("refresh_requested");
    await waitFor("the next socket", () => slack.sockets.accepted() === accepted + 1);
    const next = slack.write({ text: "two" }).envelopes;
    await waitFor("the acknowledgement", () => acked(next));
    expect(reads()).toBe(before);
  });
});
