import { createHostDouble, type HostDouble } from "@skein/chat/testing";
import { describe, expect, test } from "vitest";

import { ADA, BOT_USER, callback, ROOM, TEAM } from "../support/slack-server.ts";
import { holdDisk, useSlackSocket } from "../support/slack-stand.ts";
import type { Stand } from "../support/slack-transport.ts";
import { waitFor } from "../support/wait.ts";

const { slack, open, opened, isAcknowledged } = useSlackSocket();

const texts = (host: HostDouble): readonly string[] => host.received.map(({ text }) => text);
const unique = (host: HostDouble): readonly string[] => [...new Set(host.received.map(({ id }) => id))];

describe("connections", () => {
  test("an open socket is told, also before the first message gives the cursor a place", async () => {
    const { host } = await opened();
    await waitFor("the host to be told", () => host.connections === 1);
    expect(host.cursors).toEqual([]);
  });

  test("a refresh loses nothing and doubles nothing: the next socket is open before the old one closes", async () => {
    const { host, stand } = await opened();
    const written: (string | undefined)[] = [];
    for (let round = 0; round < 3; round += 1) {
      written.push(...slack().write({ text: `before ${round}` }).envelopes);
      const accepted = slack().sockets.accepted();
      slack().sockets.announce(round === 0 ? "warning" : "refresh_requested");
      await waitFor("the next socket", () => {
        // Three times within seconds looks like a failing server, which is dialed with a back-off.
        stand.clock.leap(1_000);
        return slack().sockets.accepted() === accepted + 1;
      });
      await waitFor("one socket", () => slack().sockets.open() === 1);
      written.push(...slack().write({ text: `after ${round}` }).envelopes);
    }
    await waitFor("every acknowledgement", () => isAcknowledged(written));
    expect(texts(host)).toEqual(["before 0", "after 0", "before 1", "after 1", "before 2", "after 2"]);
    expect([...slack().sockets.deliveries.values()]).toEqual(written.map(() => 1));
    expect(slack().sockets.most()).toBe(2);
    expect(host.troubles).toEqual([]);
  });

  test("an old socket is closed only after what came over it is durable and acknowledged", async () => {
    const { host } = await opened();
    const finish = holdDisk(host);
    const { envelopes } = slack().write({ text: "slow disk" });
    await waitFor("the delivery", () => slack().sockets.deliveries.get(envelopes[0] ?? "") === 1);
    slack().sockets.announce("refresh_requested");
    await waitFor("the next socket", () => slack().sockets.open() === 2);
    finish();
    await waitFor("the acknowledgement", () => isAcknowledged(envelopes));
    await waitFor("one socket", () => slack().sockets.open() === 1);
    expect(texts(host)).toContain("slow disk");
    expect(unique(host)).toHaveLength(1);
  });

  test("errors of Slack at reconnecting are survived, and a person is told when they go on", async () => {
    const { host, stand } = await opened();
    let failures = 0;
    slack().fault = ({ method }) => {
      if (method !== "apps.connections.open" || failures >= 5) return undefined;
      failures += 1;
      return { type: "status", status: 500 };
    };
    slack().sockets.breakOff();
    await waitFor("an open socket", () => {
      stand.clock.leap(20_000);
      return failures === 5 && slack().sockets.open() === 1;
    });
    expect(host.troubles).toMatchObject([{ severity: "passing", message: expect.stringContaining("HTTP 500") }]);
    const { envelopes } = slack().write({ text: "after the errors" });
    await waitFor("the acknowledgement", () => isAcknowledged(envelopes));
    expect(texts(host)).toEqual(["after the errors"]);
  });

  test("sockets that are refused, say no hello or break off at once are dialed again, ever more slowly", async () => {
    const { stand } = await opened();
    slack().sockets.refusing = true;
    slack().sockets.breakOff();
    await waitFor("some attempts", () => {
      stand.clock.leap(1_000);
      return slack().calls.filter(({ method }) => method === "apps.connections.open").length >= 4;
    });
    slack().sockets.refusing = false;
    slack().sockets.silent = true;
    const before = slack().sockets.accepted();
    await waitFor("a silent socket", () => {
      stand.clock.leap(1_000);
      return slack().sockets.accepted() > before;
    });
    slack().sockets.silent = false;
    await waitFor("an open socket", () => {
      stand.clock.leap(5_000);
      return slack().sockets.open() === 1;
    });
    expect(stand.log.filter(({ event }) => event === "chat-slack.no-connection").length).toBeGreaterThanOrEqual(3);
  });

  test("too many calls are waited out for as long as Slack says", async () => {
    slack().fault = ({ method }) =>
      method === "apps.connections.open"
        ? { type: "status", status: 429, headers: { "retry-after": "30" } }
        : undefined;
    const { stand } = open();
    await waitFor("the first attempt", () => stand.log.some(({ text }) => text.includes("30 s")));
    slack().fault = () => undefined;
    stand.clock.leap(29_000);
    expect(slack().calls.filter(({ method }) => method === "apps.connections.open")).toHaveLength(1);
    await waitFor("an open socket", () => {
      stand.clock.leap(1_000);
      return slack().sockets.open() === 1;
    });
  });

  test.each([
    ["a token that was revoked", () => void (slack().revoked = true), "revoked"],
    ["a token of another workspace", () => undefined, "T0OTHER"],
  ])("%s is told once and stops everything", async (_, prepare, said) => {
    prepare();
    const { host, stand } = open(said === "T0OTHER" ? { team: "T0OTHER" } : {});
    await waitFor("the trouble", () => host.troubles.length > 0);
    stand.clock.leap(600_000);
    // While somebody else asks twice, one who went on asking would have asked too.
    for (let twice = 0; twice < 2; twice += 1) await fetch(`${slack().apiUrl}api.test`, { method: "POST" });
    expect(host.troubles).toEqual([{ severity: "fatal", message: expect.stringContaining(said) }]);
    expect(slack().sockets.accepted()).toBe(0);
    expect(slack().calls.map(({ method }) => method)).toEqual(["auth.test", "api.test", "api.test"]);
  });

  test("Socket Mode that is turned off in the app, and an app that is removed, are told", async () => {
    const { host } = await opened();
    slack().sockets.deliver("events_api", callback({ type: "app_uninstalled" }));
    slack().sockets.deliver("events_api", callback({ type: "tokens_revoked", tokens: { bot: ["U0THER"] } }));
    slack().sockets.announce("link_disabled");
    await waitFor("both troubles", () => host.troubles.length === 2);
    expect(host.troubles.map(({ severity, message }) => `${severity}: ${message}`)).toEqual([
      expect.stringMatching(/^fatal: .*removed from the workspace/),
      expect.stringMatching(/^fatal: .*Socket Mode was turned off/),
    ]);
    await waitFor("no socket", () => slack().sockets.open() === 0);
  });

  test("closing ends everything, in whatever state it is", async () => {
    const connected = await opened();
    await connected.ingress.close();
    await waitFor("no socket", () => slack().sockets.open() === 0);

    slack().sockets.silent = true;
    const unheard = open();
    await waitFor("a dialed socket", () => slack().sockets.accepted() === 2);
    await unheard.ingress.close();

    slack().fault = () => ({ type: "status", status: 500 });
    const failing = open();
    await waitFor("a failed call", () => failing.stand.log.some(({ text }) => text.includes("HTTP 500")));
    await failing.ingress.close();

    const calls = slack().calls.length;
    for (const { stand } of [connected, unheard, failing]) stand.clock.leap(600_000);
    slack().sockets.silent = false;
    slack().fault = () => undefined;
    await opened();
    expect(slack().calls).toHaveLength(calls + 2);
    expect(slack().sockets.accepted()).toBe(3);
  });

  test.each(["auth.test", "apps.connections.open", "conversations.history"])(
    "closing does not wait for an answer of %s, and takes the question back",
    async (hanging) => {
      slack().fault = ({ method }) => (method === hanging ? { type: "hang" } : undefined);
      const { ingress, stand, host } = open({ backfill: [ROOM], timeoutMs: 60_000 });
      await waitFor("the question", () => slack().hanging === 1);
      await ingress.close();
      await stand.transport.close();
      await waitFor("nobody who asks", () => slack().hanging === 0 && slack().sockets.open() === 0);
      expect(host.troubles).toEqual([]);
    },
  );

  test("no secret and no text of a person gets into the log", async () => {
    const { stand } = await opened();
    const { envelopes } = slack().write({ text: "between you and me" });
    await waitFor("the acknowledgement", () => isAcknowledged(envelopes));
    slack().sockets.breakOff();
    await waitFor("a line about it", () => stand.log.some(({ event }) => event === "chat-slack.leaving"));
    const all = stand.log.map(({ text }) => text).join("\n");
    expect(all).not.toMatch(/xoxb|xapp|ticket|between you and me/);
  });
});

describe("after the socket was away", () => {
  const outage = async (stand: Stand, ms: number, meanwhile: () => void): Promise<void> => {
    slack().sockets.refusing = true;
    slack().sockets.breakOff();
    await waitFor("no socket", () => slack().sockets.open() === 0);
    await waitFor("the notice of it", () => stand.log.some(({ event }) => event === "chat-slack.leaving"));
    meanwhile();
    stand.clock.leap(ms);
    slack().sockets.refusing = false;
    await waitFor("an open socket", () => {
      stand.clock.leap(2_000);
      return slack().sockets.open() === 1;
    });
  };

  test("the channels of the setting are read from the cursor on, threads included, once each", async () => {
    slack().write({ text: "long before this account" });
    const root = slack().write({ text: "an item's thread" }).ts;
    const { host, stand } = await opened({ backfill: [ROOM] });
    await waitFor("the cursor at the newest message", () => host.cursors.at(-1) === root);
    const seen = slack().write({ text: "seen" });
    await waitFor("the acknowledgement", () => isAcknowledged(seen.envelopes));

    await outage(stand, 30_000, () => {
      slack().write({ text: "missed one" });
      slack().write({ text: "missed reply", thread_ts: root });
      slack().write({ text: "of a bot", bot_id: "B0THER" });
      slack().write({ text: "changed since", edited: { user: ADA, ts: "1800000000.000100" } });
      slack().write({ text: "elsewhere", channel: "C0OTHER" });
      slack().write({ text: `<@${BOT_USER}> missed two` });
    });
    const after = slack().write({ text: "after" });
    await waitFor("everything", () => texts(host).includes("missed two") && texts(host).includes("after"));

    expect(texts(host).filter((text) => text.startsWith("missed"))).toEqual([
      "missed one",
      "missed reply",
      "missed two",
    ]);
    // What was written right after the outage may come both ways, under one id.
    expect(unique(host)).toHaveLength(5);
    expect(new Set(texts(host))).toEqual(new Set(["after", "missed one", "missed reply", "missed two", "seen"]));
    expect(host.received.find(({ text }) => text === "missed reply")?.thread).toBe(root);
    await waitFor("the cursor at the end", () => host.cursors.at(-1) === after.ts);
    expect(host.cursors).toEqual([...host.cursors].toSorted((a, b) => Number(a) - Number(b)));
  });

  test("the next holder reads from where the last one was", async () => {
    const known = slack().write({ text: "known" }).ts;
    slack().write({ text: "nobody was there" });
    const { host } = await opened({ backfill: [ROOM] }, createHostDouble(known));
    await waitFor("the missed message", () => host.received.length === 1);
    expect(host.received[0]).toMatchObject({ text: "nobody was there", principal: `slack:${TEAM}/${ADA}` });
  });

  test("the cursor stays while the disk refuses what was read, and nothing is skipped", async () => {
    const known = slack().write({ text: "known" }).ts;
    const missed = slack().write({ text: "missed" }).ts;
    const host = createHostDouble(known);
    host.failure = "the disk is full";
    const { stand } = open({ backfill: [ROOM] }, host);
    await waitFor("a refusal", () => stand.log.some(({ event }) => event === "chat-slack.not-durable"));
    expect(host.cursors).toEqual([]);
    host.failure = undefined;
    await waitFor("the missed message", () => {
      stand.clock.leap(60_000);
      return texts(host).includes("missed");
    });
    await waitFor("the cursor", () => host.cursors.at(-1) === missed);
  });

  test("what the disk refused until Slack gave it up is read again as soon as the disk takes something", async () => {
    const known = slack().write({ text: "known" }).ts;
    slack().sockets.forgetful = true;
    const { host, stand } = await opened({ backfill: [ROOM] }, createHostDouble(known));
    await waitFor("the first look", () => stand.log.some(({ event }) => event === "chat-slack.caught-up"));
    host.failure = "the disk is full";
    slack().write({ text: "refused" });
    await waitFor("the refusal", () => stand.log.some(({ event }) => event === "chat-slack.not-durable"));
    host.failure = undefined;
    const { ts } = slack().write({ text: "taken" });
    await waitFor("both", () => texts(host).includes("refused") && texts(host).includes("taken"));
    await waitFor("the cursor at the end", () => host.cursors.at(-1) === ts);
    expect(unique(host)).toHaveLength(2);
    expect(new Set(slack().sockets.deliveries.values())).toEqual(new Set([1]));
  });

  test("the cursor does not pass what is still to be read when newer messages arrive", async () => {
    const known = slack().write({ text: "known" }).ts;
    slack().write({ text: "missed" });
    let limits = 1;
    slack().fault = ({ method }) =>
      method === "conversations.history" && limits-- > 0
        ? { type: "status", status: 429, headers: { "retry-after": "30" } }
        : undefined;
    const { host, stand } = await opened({ backfill: [ROOM] }, createHostDouble(known));
    await waitFor("the limit", () => limits <= 0);
    const { ts, envelopes } = slack().write({ text: "newer" });
    await waitFor("the acknowledgement", () => isAcknowledged(envelopes));
    expect(host.cursors).toEqual([]);
    await waitFor("the cursor", () => {
      stand.clock.leap(10_000);
      return host.cursors.at(-1) === ts;
    });
    expect(new Set(texts(host))).toEqual(new Set(["missed", "newer"]));
    expect(unique(host)).toHaveLength(2);
  });

  test("a short gap reads nothing, and a channel that cannot be read is told", async () => {
    const { host, stand } = await opened({ backfill: [ROOM] });
    const reads = (): number => slack().calls.filter(({ method }) => method.startsWith("conversations.")).length;
    await waitFor("the first look", () => reads() === 1);
    const { envelopes } = slack().write({ text: "one" });
    await waitFor("the acknowledgement", () => isAcknowledged(envelopes));
    slack().fault = ({ method }) =>
      method.startsWith("conversations.") ? { type: "error", error: "not_in_channel" } : undefined;
    await outage(stand, 30_000, () => undefined);
    await waitFor("the trouble", () => host.troubles.length === 1);
    expect(host.troubles[0]?.message).toContain("invite it there");
    const before = reads();
    const accepted = slack().sockets.accepted();
    slack().sockets.announce("refresh_requested");
    await waitFor("the next socket", () => slack().sockets.accepted() === accepted + 1);
    const next = slack().write({ text: "two" }).envelopes;
    await waitFor("the acknowledgement", () => isAcknowledged(next));
    expect(reads()).toBe(before);
  });
});
