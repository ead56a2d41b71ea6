import { once } from "node:events";
import { createServer } from "node:net";

import { createHostDouble } from "@skein/chat/testing";
import type { ChatTransport } from "@skein/chat";
import { block, code, plain, strong } from "@skein/core";
import { createEmulator, type Emulator } from "emulate";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";

import {
  ADA,
  BOT_TOKEN,
  BOT_USER,
  eventsOf,
  ROOM,
  type SlackServer,
  startSlack,
  TEAM,
} from "../support/slack-server.ts";
import { createStand, JSON_TYPE, message, signed, type Stand } from "../support/slack-transport.ts";
import { waitFor } from "../support/wait.ts";

const HOSTILE = [
  "<!channel> <!here> <!everyone> <@U0ADA> <#C0ROOM|general> <!subteam^S1|@all>",
  "@channel @here @everyone #general",
  "*bold* _it_ ~no~ `code` ```block``` > quote\n> quote\n&gt; not a quote",
  "<https://evil.test|https://good.test> https://evil.test/?a=1&b=2 [x](https://evil.test)",
  ":skull: \u202egnp.exe\u202c שלום مرحبا 🧵",
  'a"b\\c\n\u0000\u0007end',
].join("\n");

/** The emulation wants to be told its port. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== "object" || address === null) throw new Error("there is no port");
  return address.port;
}

describe("against an emulation of Slack by others", () => {
  let emulator: Emulator;
  let stand: Stand;
  let room: string;

  const api = async (method: string, args: Readonly<Record<string, string>>): Promise<Record<string, unknown>> => {
    const response = await fetch(`${emulator.url}/api/${method}`, {
      method: "POST",
      headers: { authorization: `Bearer ${BOT_TOKEN}`, "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams(args),
    });
    return (await response.json()) as Record<string, unknown>;
  };
  const stored = async (ts: string): Promise<Record<string, unknown>> => {
    const { messages } = (await api("conversations.replies", { channel: room, ts })) as {
      messages: Record<string, unknown>[];
    };
    const found = messages.find((one) => one["ts"] === ts);
    if (found === undefined) throw new Error(`${ts} is not there`);
    return found;
  };

  beforeAll(async () => {
    emulator = await createEmulator({
      service: "slack",
      port: await freePort(),
      seed: {
        slack: {
          team: { name: "Local", domain: "local" },
          users: [{ name: "skein-bot", real_name: "Skein" }],
          channels: [{ name: "builds" }],
          tokens: [
            { token: BOT_TOKEN, user: "skein-bot", scopes: ["chat:write", "reactions:write", "channels:history"] },
          ],
        },
      },
    });
    stand = createStand({ mode: "webhook", apiUrl: `${emulator.url}/api/` });
    const { channels } = (await api("conversations.list", {})) as { channels: { id: string; name: string }[] };
    room = channels.find(({ name }) => name === "builds")?.id ?? "";
  });
  afterAll(async () => {
    await stand.transport.close();
    await emulator.close();
  });

  test("a message, a reply in its thread, a change and a reaction arrive", async () => {
    const { transport } = stand;
    const sent = await transport.send(message([strong("Build"), plain(" is "), code("green")], { room }));
    if (sent.type !== "sent") throw new Error(JSON.stringify(sent));
    expect(await stored(sent.message)).toMatchObject({
      text: "Build is green",
      metadata: { event_type: "skein", event_payload: { key: "a".repeat(64) } },
    });

    const reply = await transport.send(message([plain("More")], { room, thread: sent.message, key: "b".repeat(64) }));
    if (reply.type !== "sent") throw new Error(JSON.stringify(reply));
    expect(await stored(reply.message)).toMatchObject({ thread_ts: sent.message });

    const changed = await transport.edit?.(message([plain("Build is red")], { room }), sent.message);
    expect(changed).toEqual({ type: "sent", message: sent.message });
    expect(await stored(sent.message)).toMatchObject({ text: "Build is red" });

    for (let twice = 0; twice < 2; twice += 1) {
      expect(await transport.react?.(room, sent.message, "⏳")).toEqual({ type: "sent", message: sent.message });
    }
    expect(await stored(sent.message)).toMatchObject({ reactions: [{ name: "hourglass_flowing_sand", count: 1 }] });
  });

  test("a message that was sent is found again by its key, in the room and in a thread", async () => {
    const { transport } = stand;
    const since = Date.now();
    const root = message([plain("find me")], { room, key: "c".repeat(64) });
    const sent = await transport.send(root);
    if (sent.type !== "sent") throw new Error(JSON.stringify(sent));
    expect(await transport.find?.(root, since)).toEqual(sent);
    const inThread = message([plain("me too")], { room, key: "d".repeat(64), thread: sent.message });
    const reply = await transport.send(inThread);
    expect(await transport.find?.(inThread, since)).toEqual(reply);
  });

  test("a channel that does not exist is refused with what to do", async () => {
    const outcome = await stand.transport.send(message([plain("x")], { room: "C0NOWHERE" }));
    expect(outcome).toEqual({ type: "refused", reason: expect.stringMatching(/invite the app.*channel_not_found/) });
  });
});

describe("against a server that fails on command", () => {
  let slack: SlackServer;
  let stand: Stand;
  let transport: ChatTransport;

  beforeEach(async () => {
    slack = await startSlack();
    stand = createStand({ mode: "webhook", apiUrl: slack.apiUrl });
    transport = stand.transport;
  });
  afterEach(async () => {
    await transport.close();
    await slack.close();
  });

  test("what others wrote stays text, wherever it stands", async () => {
    const button = { label: "<!channel>", value: "yes <!channel>", style: "danger" as const };
    const outcome = await transport.send(
      message([plain(HOSTILE), strong(HOSTILE), code(HOSTILE), block(HOSTILE)], { buttons: [button] }),
    );
    expect(outcome.type).toBe("sent");
    const [sent] = slack.messages;
    expect(sent?.text).not.toMatch(/[<>]/);
    expect(sent?.text).not.toMatch(/&(?!amp;|lt;|gt;)/);
    expect(sent?.args).toMatchObject({
      parse: "none",
      link_names: "false",
      mrkdwn: "false",
      unfurl_links: "false",
      unfurl_media: "false",
    });
    const kinds = new Set([...JSON.stringify(sent?.blocks).matchAll(/"type":"([a-z_]+)"/g)].map(([, kind]) => kind));
    expect(kinds).toEqual(
      new Set(["rich_text", "rich_text_section", "rich_text_preformatted", "text", "actions", "button", "plain_text"]),
    );
    const shown = ["\u0000", "\u0007", "\u202e", "\u202c"].reduce((text, trick) => text.replaceAll(trick, ""), HOSTILE);
    expect(sent?.blocks).toMatchObject([
      {
        elements: [
          {
            type: "rich_text_section",
            elements: [{ text: shown }, { text: shown, style: { bold: true } }, { text: shown, style: { code: true } }],
          },
          { type: "rich_text_preformatted", elements: [{ text: shown }] },
        ],
      },
      { elements: [{ text: { text: "<!channel>", emoji: false }, value: "yes <!channel>", style: "danger" }] },
    ]);
  });

  test("what is for one person is shown to them alone, and is an ordinary message where nobody else is", async () => {
    const only = { onlyFor: `slack:${TEAM}/${ADA}` };
    expect((await transport.send(message([plain("psst")], only))).type).toBe("sent");
    expect(slack.messages).toEqual([]);
    expect(slack.ephemerals[0]?.args).toMatchObject({ user: ADA, channel: ROOM });
    expect((await transport.send(message([plain("psst")], { ...only, room: "D0ADA" }))).type).toBe("sent");
    expect(slack.messages).toHaveLength(1);
    expect((await transport.send(message([plain("psst")], { onlyFor: "matrix:@ada:a.test" }))).type).toBe("refused");
    expect((await transport.edit?.(message([plain("psst")], only), "1.1"))?.type).toBe("refused");
    expect((await transport.find?.(message([plain("psst")], only), Date.now()))?.type).toBe("uncertain");
  });

  test("an answer that is lost is uncertain, and the message is found; it is not there twice", async () => {
    slack.fault = ({ method }) => (method === "chat.postMessage" ? { type: "drop-answer" } : undefined);
    const one = message([plain("only once")], { key: "e".repeat(64) });
    expect((await transport.send(one)).type).toBe("uncertain");
    slack.fault = () => undefined;
    const [stored] = slack.messages;
    if (stored === undefined) throw new Error("nothing was stored");
    // The clock of the test's Slack stands in 2023.
    expect(await transport.find?.(one, 1_700_000_000_000)).toEqual({ type: "sent", message: stored.ts });
    expect(slack.messages).toHaveLength(1);
  });

  test("a message that is not there is looked for twice before that is said", async () => {
    slack.fault = ({ method }) => (method === "chat.postMessage" ? { type: "drop-request" } : undefined);
    const one = message([plain("lost")], { key: "f".repeat(64) });
    expect((await transport.send(one)).type).toBe("uncertain");
    slack.fault = () => undefined;
    const looks = (): number => slack.calls.filter(({ method }) => method === "conversations.history").length;
    const finding = transport.find?.(one, 1_700_000_000_000);
    await waitFor("the first look", () => looks() === 1);
    await waitFor("the second look", () => {
      stand.clock.leap(1_000);
      return looks() === 2;
    });
    expect(await finding).toEqual({ type: "refused", reason: "Slack does not have the message" });
  });

  test("somebody else's message with the same key is not taken for ours", async () => {
    const one = message([plain("mine")], { key: "9".repeat(64) });
    const metadata = { event_type: "skein", event_payload: { key: one.key } };
    slack.messages.push({ ts: slack.nextTs(), channel: ROOM, user: ADA, text: "mine", metadata });
    const finding = transport.find?.(one, 1_700_000_000_000);
    await waitFor("the second look", () => {
      stand.clock.leap(1_000);
      return slack.calls.filter(({ method }) => method === "conversations.history").length === 2;
    });
    expect((await finding)?.type).toBe("refused");
  });

  test("a key is found on a later page", async () => {
    const one = message([plain("early")], { key: "8".repeat(64) });
    const sent = await transport.send(one);
    for (let more = 0; more < 450; more += 1) {
      slack.messages.push({ ts: slack.nextTs(), channel: ROOM, user: ADA, text: "chatter" });
    }
    expect(await transport.find?.(one, 1_700_000_000_000)).toEqual(sent);
    expect(slack.calls.filter(({ method }) => method === "conversations.history")).toHaveLength(3);
  });

  test("a look that is limited waits, and one that cannot be made is uncertain", async () => {
    const one = message([plain("x")]);
    const sent = await transport.send(one);
    let limits = 1;
    slack.fault = ({ method }) =>
      method === "conversations.history" && limits-- > 0
        ? { type: "status", status: 429, headers: { "retry-after": "7" } }
        : undefined;
    const finding = transport.find?.(one, 1_700_000_000_000);
    await waitFor("the answer", async () => {
      stand.clock.leap(1_000);
      return (await Promise.race([finding, Promise.resolve()])) !== undefined;
    });
    expect(await finding).toEqual(sent);
    slack.fault = () => ({ type: "error", error: "missing_scope" });
    expect(await transport.find?.(one, 1_700_000_000_000)).toEqual({
      type: "uncertain",
      reason: expect.stringContaining("missing_scope"),
    });
  });

  test("a limit of one channel lets the others through", async () => {
    slack.fault = ({ args, method }) =>
      method === "chat.postMessage" && args["channel"] === ROOM
        ? { type: "status", status: 429, headers: { "retry-after": "11" } }
        : undefined;
    expect(await transport.send(message([plain("x")]))).toMatchObject({
      type: "retry",
      afterMs: 11_000,
      scope: "room",
    });
    expect((await transport.send(message([plain("x")], { room: "C0OTHER" }))).type).toBe("sent");
    slack.fault = () => ({ type: "status", status: 429 });
    expect(await transport.react?.(ROOM, "1.1", "👀")).toMatchObject({
      type: "retry",
      afterMs: 30_000,
      scope: "account",
    });
  });

  test.each([
    ["not_in_channel", "refused", "invite it there"],
    ["is_archived", "refused", "archived"],
    ["channel_not_found", "refused", "invite the app"],
    ["some_new_error", "refused", "some_new_error"],
    ["constructor", "refused", "constructor"],
    ["ratelimited", "retry", "wait"],
    ["fatal_error", "uncertain", "fatal_error"],
    ["internal_error", "uncertain", "internal_error"],
    ["<b>xoxb-secret</b>", "uncertain", "does not speak"],
  ])("the error %s is %s", async (error, type, said) => {
    slack.fault = () => ({ type: "error", error });
    expect(await transport.send(message([plain("x")]))).toMatchObject({ type, reason: expect.stringContaining(said) });
  });

  test.each([
    [{ type: "status", status: 500 }, "uncertain"],
    [{ type: "status", status: 503 }, "uncertain"],
    [{ type: "status", status: 404 }, "retry"],
    [{ type: "status", status: 403 }, "retry"],
    [{ type: "status", status: 302, headers: { location: "https://elsewhere.test/" } }, "uncertain"],
    [{ type: "body", body: "<html>welcome to this hotel</html>" }, "uncertain"],
    [{ type: "body", body: "null" }, "uncertain"],
    [{ type: "body", body: '{"ok":true}' }, "uncertain"],
    [{ type: "body", body: '{"ok":true,"ts":{"evil":1}}' }, "uncertain"],
    [{ type: "body", body: "x".repeat(9 * 1024 * 1024) }, "uncertain"],
    [{ type: "drop-request" }, "uncertain"],
  ] as const)("%j is %s", async (fault, type) => {
    slack.fault = () => fault;
    const outcome = await transport.send(message([plain("x")]));
    expect(outcome.type).toBe(type);
    expect(JSON.stringify(outcome)).not.toMatch(/hotel|elsewhere|xoxb/);
  });

  test("a server that nobody reaches is tried later, one that never answers is uncertain", async () => {
    await slack.close();
    expect(await transport.send(message([plain("x")]))).toMatchObject({ type: "retry", scope: "account" });
    slack = await startSlack();
    slack.fault = () => ({ type: "hang" });
    const slow = createStand({ mode: "webhook", apiUrl: slack.apiUrl, timeoutMs: 100 });
    expect((await slow.transport.send(message([plain("x")]))).type).toBe("uncertain");
    await slow.transport.close();
  });

  test("with a revoked token messages wait, and it is told as soon as somebody is there to hear it", async () => {
    slack.revoked = true;
    expect(await transport.send(message([plain("x")]))).toMatchObject({ type: "retry", scope: "account" });
    const host = createHostDouble();
    const event = eventsOf({ ts: "1.1", channel: ROOM, user: ADA, text: "x" })[0];
    await transport.webhook?.(signed(JSON.stringify(event), JSON_TYPE), host);
    await transport.send(message([plain("x")]));
    expect(host.troubles).toEqual([
      { severity: "fatal", message: expect.stringMatching(/^Slack account work: .*token_revoked/) },
    ]);
  });

  test("what Slack would cut or turn away is refused before it is sent", async () => {
    const many = Array.from({ length: 26 }, () => ({ label: "x", value: "x", style: "normal" as const }));
    const outcomes = [
      await transport.send(message([plain("x".repeat(3_001))])),
      await transport.send(message([plain("x")], { buttons: many })),
      await transport.send(message([plain("")])),
      await transport.send(message([plain("x")], { room: "#general" })),
    ];
    expect(outcomes.map(({ type }) => type)).toEqual(Array(4).fill("refused"));
    expect(slack.calls).toEqual([]);
    expect((await transport.send(message([plain("x".repeat(3_000))]))).type).toBe("sent");
  });

  test("after closing nothing is sent, and what was under way is waited for", async () => {
    const sending = transport.send(message([plain("just in time")]));
    await transport.close();
    expect((await sending).type).toBe("sent");
    expect(await transport.send(message([plain("too late")]))).toMatchObject({ type: "retry" });
    expect((await transport.find?.(message([plain("x")]), 0))?.type).toBe("uncertain");
    expect(slack.messages.map(({ text }) => text)).toEqual(["just in time"]);
  });

  test("a card is changed, and says so when it is gone", async () => {
    const sent = await transport.send(message([plain("one")]));
    if (sent.type !== "sent") throw new Error("not sent");
    expect(await transport.edit?.(message([plain("two")]), sent.message)).toEqual(sent);
    expect(slack.messages[0]?.text).toBe("two");
    expect(slack.messages[0]?.user).toBe(BOT_USER);
    expect(await transport.edit?.(message([plain("two")]), "1.1")).toMatchObject({ type: "refused" });
  });
});
