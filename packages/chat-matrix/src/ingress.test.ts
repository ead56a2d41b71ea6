import { ok } from "@skein/core";
import { createHostDouble, type HostDouble } from "@skein/chat/testing";
import { expect, test } from "vitest";

import { createApi, type MatrixApi, type SyncRequest } from "./api.ts";
import { toCursor } from "./cursor.ts";
import { syncSchema, type SyncAnswer } from "./events.ts";
import type { Answer, Failure } from "./http.ts";
import { openIngress } from "./ingress.ts";

const BOT = "@bot:example.org";
const ROOM = "!room:example.org";

const sync = (next: string, rooms: unknown = {}): Answer<SyncAnswer> => ({
  type: "ok",
  value: syncSchema.parse({ next_batch: next, rooms }),
});
const saying = (...texts: readonly string[]): unknown => ({
  join: {
    [ROOM]: {
      timeline: {
        events: texts.map((body, n) => ({
          event_id: `$${n}`,
          type: "m.room.message",
          sender: "@ada:example.org",
          origin_server_ts: 1,
          content: { msgtype: "m.text", body },
        })),
      },
    },
  },
});
const refused = (status: number, code: string, retryAfterMs?: number): Failure => ({
  type: "refused",
  status,
  code,
  message: "no",
  retryAfterMs,
});

const answering = <T>(value: T): Promise<Answer<T>> => Promise.resolve({ type: "ok", value });

interface Lived {
  readonly host: HostDouble;
  readonly syncs: readonly SyncRequest[];
  readonly waits: readonly number[];
}

/**
 * Lives through these answers to a sync, one after another and without waiting, until the loop ends by itself or asks for one
 * more.
 */
async function live(
  answers: readonly Answer<SyncAnswer>[],
  { cursor, api = {} }: { readonly cursor?: string; readonly api?: Partial<MatrixApi> } = {},
  prepare: (host: HostDouble) => void = () => {},
): Promise<Lived> {
  const host = createHostDouble(cursor === undefined ? undefined : toCursor(BOT, cursor));
  prepare(host);
  const [syncs, waits]: [SyncRequest[], number[]] = [[], []];
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => (end = resolve));
  const nothing = createApi(() => Promise.resolve({ type: "unclear", reason: "nobody answers" }));
  const ingress = openIngress({
    host,
    account: "main",
    allow: ["@ada:example.org"],
    log: () => {},
    random: { bytes: (length) => new Uint8Array(length).fill(255) },
    clock: {
      monoMs: () => 0,
      wallMs: () => 0,
      after: (ms, run) => {
        waits.push(ms);
        queueMicrotask(run);
        return () => {};
      },
    },
    api: {
      ...nothing,
      whoami: () => answering(BOT),
      displayName: () => answering("Skein"),
      joinedCount: () => answering(2),
      ...api,
      sync: (request, signal) => {
        syncs.push(request);
        const answer = answers[syncs.length - 1];
        if (answer !== undefined) return Promise.resolve(answer);
        end();
        return new Promise((resolve) => {
          signal.addEventListener("abort", () => resolve({ type: "unclear", reason: "closed" }));
        });
      },
    },
  });
  if (answers.some((answer) => answer.type === "refused" && answer.status === 401)) {
    await Promise.race([ended, waitUntil(() => host.troubles.length > 0)]);
  } else await ended;
  await ingress.close();
  return { host, syncs, waits };
}

async function waitUntil(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

test("without a position everything that comes first is history", async () => {
  const { host, syncs } = await live([sync("s1", saying("old")), sync("s2", saying("new"))]);
  expect(host.received.map(({ text }) => text)).toEqual(["new"]);
  expect(host.cursors).toEqual([toCursor(BOT, "s1"), toCursor(BOT, "s2")]);
  expect(syncs.map(({ since, waitMs }) => [since, waitMs])).toEqual([
    [undefined, 0],
    ["s1", 30_000],
    ["s2", 30_000],
  ]);
});

test("with a position everything that comes is new", async () => {
  const { host } = await live([sync("s2", saying("new"))], { cursor: "s1" });
  expect(host.received.map(({ text }) => text)).toEqual(["new"]);
  expect(host.cursors).toEqual([toCursor(BOT, "s2")]);
});

test("a position that did not change is not told again", async () => {
  expect((await live([sync("s1"), sync("s1")], { cursor: "s1" })).host.cursors).toEqual([]);
});

test("what is not durable is asked for again from the same position", async () => {
  const answers = Array.from({ length: 4 }, () => sync("s2", saying("new")));
  const { host, syncs } = await live(answers, { cursor: "s1" }, (host) => (host.failure = "the disk is full"));
  expect(host.cursors).toEqual([]);
  expect(syncs.map(({ since }) => since)).toEqual(["s1", "s1", "s1", "s1", "s1"]);
  // The mesh knows its own disk.
  expect(host.troubles).toEqual([]);
});

test("many events become durable in parts, in order, before the position moves", async () => {
  const texts = Array.from({ length: 250 }, (_, n) => String(n));
  const batches: number[] = [];
  const { host } = await live([sync("s2", saying(...texts))], { cursor: "s1" }, (host) => {
    host.receive = (events) => {
      batches.push(events.length);
      host.received.push(...events);
      expect(host.cursors).toEqual([]);
      return Promise.resolve(ok(undefined));
    };
  });
  expect(batches).toEqual([100, 100, 50]);
  expect(host.received.map(({ text }) => text)).toEqual(texts);
});

test("waits grow with every failure up to a minute, and begin anew after a success", async () => {
  const down = Array.from({ length: 10 }, (): Failure => ({ type: "unsent", reason: "down" }));
  const { waits, host } = await live([...down, sync("s2"), { type: "unclear", reason: "cut" }], { cursor: "s1" });
  const seconds = waits.map((ms) => Math.round(ms / 1_000));
  expect(seconds).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 1]);
  expect(host.troubles).toHaveLength(1);
  expect(host.troubles[0]).toMatchObject({ severity: "passing", message: expect.stringContaining("down") });
});

test("a short hiccup is nobody's trouble", async () => {
  const { host } = await live([{ type: "unsent", reason: "down" }, sync("s2")], { cursor: "s1" });
  expect(host.troubles).toEqual([]);
});

test("a rate limit is waited for", async () => {
  const { waits } = await live([refused(429, "M_LIMIT_EXCEEDED", 30_000)], { cursor: "s1" });
  expect(waits[0]).toBeGreaterThanOrEqual(30_000);
});

test("a token that is refused ends it at once, with the name of the secret and not its value", async () => {
  const { host, syncs, waits } = await live([refused(401, "M_UNKNOWN_TOKEN"), sync("s2")], { cursor: "s1" });
  expect(host.troubles).toMatchObject([{ severity: "fatal", message: expect.stringContaining("accessToken") }]);
  expect(syncs).toHaveLength(1);
  expect(waits).toEqual([]);
});

test("a position that is unknown is given up, and what comes then is history", async () => {
  const answers = [refused(400, "M_UNKNOWN"), sync("s5", saying("old")), sync("s6", saying("new"))];
  const { host, syncs } = await live(answers, { cursor: "s1" });
  expect(host.received.map(({ text }) => text)).toEqual(["new"]);
  expect(syncs.map(({ since }) => since)).toEqual(["s1", undefined, "s5", "s6"]);
  expect(host.troubles).toMatchObject([{ severity: "passing" }]);
});

test("another account's position is none, even if its homeserver would take it", async () => {
  const foreign = toCursor("@bot:example.com", "s1");
  for (const cursor of [foreign, "s1", ""]) {
    const { host, syncs } = await live([sync("s5", saying("old")), sync("s6", saying("new"))], {}, (host) => {
      Object.assign(host, { cursor });
    });
    expect(syncs.map(({ since }) => since)).toEqual([undefined, "s5", "s6"]);
    expect(host.received.map(({ text }) => text)).toEqual(["new"]);
    expect(host.troubles).toMatchObject([{ severity: "passing" }]);
  }
});

test("a homeserver that refuses without a position, too, is asked more and more slowly", async () => {
  const answers = Array.from({ length: 5 }, () => refused(400, "M_UNKNOWN"));
  expect((await live(answers, { cursor: "s1" })).waits).toHaveLength(4);
});

test("an answer that is too long is asked for with fewer events", async () => {
  const long: Failure = { type: "too-long", reason: "too long" };
  const { syncs } = await live([long, long, long, sync("s2")], { cursor: "s1" });
  expect(syncs.map(({ limit }) => limit)).toEqual([20, 5, 1, 1, 1]);
});

test("a position that is too long to keep is used and said once", async () => {
  const [one, two] = ["s".repeat(201), "t".repeat(300)];
  const { host, syncs } = await live([sync(one), sync(two), sync("s3")], { cursor: "s1" });
  expect(syncs.map(({ since }) => since)).toEqual(["s1", one, two, "s3"]);
  expect(host.cursors).toEqual([toCursor(BOT, "s3")]);
  expect(host.troubles).toMatchObject([{ severity: "passing" }]);
});

test("an encrypted room is named once, when what else came with it is durable", async () => {
  const encrypted = {
    event_id: "$e",
    type: "m.room.encrypted",
    sender: "@ada:example.org",
    origin_server_ts: 1,
    content: {},
  };
  const message = { ...encrypted, event_id: "$m", type: "m.room.message", content: { msgtype: "m.text", body: "x" } };
  const news = sync("s2", { join: { [ROOM]: { timeline: { events: [encrypted, message] } } } });
  const failing = await live([news, news], { cursor: "s1" }, (host) => (host.failure = "the disk is full"));
  expect(failing.host.troubles).toEqual([]);
  const { host } = await live([news, news], { cursor: "s1" });
  expect(host.troubles).toMatchObject([{ severity: "passing", message: expect.stringContaining(ROOM) }]);
});

test("when nobody can say how many are in a room, the messages wait", async () => {
  let asked = 0;
  const joinedCount: MatrixApi["joinedCount"] = () =>
    Promise.resolve(asked++ === 0 ? { type: "unclear", reason: "cut" } : { type: "ok", value: 3 });
  const { host } = await live([sync("s2", saying("x")), sync("s2", saying("x"))], {
    cursor: "s1",
    api: { joinedCount },
  });
  expect(host.received).toMatchObject([{ text: "x", direct: false }]);
});

test("a room with too many people to list is not direct", async () => {
  const joinedCount: MatrixApi["joinedCount"] = () => Promise.resolve({ type: "too-long", reason: "too long" });
  const { host } = await live([sync("s2", saying("x"))], { cursor: "s1", api: { joinedCount } });
  expect(host.received).toMatchObject([{ text: "x", direct: false }]);
});

const invitation = (...senders: readonly string[]): unknown => ({
  invite: {
    [ROOM]: {
      invite_state: {
        events: senders.map((sender) => ({
          type: "m.room.member",
          sender,
          state_key: BOT,
          content: { membership: "invite" },
        })),
      },
    },
  },
});

test.each([
  ["somebody on the list", invitation("@ada:example.org"), ["join"]],
  ["nobody on the list", invitation("@ada:example.com"), ["leave"]],
  ["nobody that is named", invitation(), ["leave"]],
  ["somebody whose server names another as well", invitation("@ada:example.org", "@eve:example.org"), ["leave"]],
  ["somebody whose server names another before", invitation("@eve:example.org", "@ada:example.org"), ["leave"]],
])("an invitation by %s is answered, at the first sync as well", async (_, rooms, expected) => {
  const done: string[] = [];
  const act = (what: string) => () => {
    done.push(what);
    return Promise.resolve({ type: "ok", value: {} } as const);
  };
  await live([sync("s1", rooms)], { api: { join: act("join"), leave: act("leave") } });
  expect(done).toEqual(expected);
});

test("a room that cannot be joined is a person's business, and an unreachable homeserver a reason to try again", async () => {
  const answers = [refused(403, "M_FORBIDDEN"), { type: "unclear", reason: "cut" }, { type: "ok", value: {} }] as const;
  let asked = 0;
  const join: MatrixApi["join"] = () => Promise.resolve(answers[asked++] ?? answers[0]);
  const rooms = invitation("@ada:example.org");
  const { host } = await live([sync("s1", rooms), sync("s2", rooms), sync("s2", rooms)], {
    cursor: "s0",
    api: { join },
  });
  expect(asked).toBe(3);
  expect(host.troubles).toMatchObject([{ severity: "passing", message: expect.stringContaining("M_FORBIDDEN") }]);
  expect(host.cursors).toEqual([toCursor(BOT, "s1"), toCursor(BOT, "s2")]);
});

test("an invitation that cannot be refused holds nothing up", async () => {
  const leave: MatrixApi["leave"] = () => Promise.resolve(refused(429, "M_LIMIT_EXCEEDED"));
  const { host } = await live([sync("s1", invitation("@eve:example.org"))], { cursor: "s0", api: { leave } });
  expect(host.cursors).toEqual([toCursor(BOT, "s1")]);
});
