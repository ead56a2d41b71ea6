/** A log that is followed comes piece by piece, ends with its attempt, and no reader keeps a slot after it is gone. */
import { err, ok } from "@skein/core";
import type { LogChunk, NodeApi } from "@skein/node";
import { createServer } from "node:http";
import { expect, onTestFinished, test, vi } from "vitest";

import { HTTP_LIMITS } from "./limits.ts";
import { logFeed } from "./log-feed.ts";
import { type Feed, writeReply } from "./reply.ts";
import { createFakeNode } from "./testing/fake-node.ts";
import { startTestServer, TEST_TOKEN } from "./testing/start-server.ts";

const NODE = "a1".repeat(32);

/** A node whose log has this text by now; what is read starts at the offset. */
function nodeWith(log: { text: string; ended: boolean; gone?: boolean }): NodeApi {
  const { api } = createFakeNode();
  const readLog: NodeApi["readLog"] = async ({ item, epoch = 1, offset }) => {
    if (log.gone === true) return err({ code: "unavailable", message: "The node is away." });
    const text = log.text.slice(offset, offset + 4);
    const [nextOffset, end] = [offset + text.length, log.text.length];
    const chunk: LogChunk = {
      item,
      epoch,
      node: NODE,
      offset,
      text,
      nextOffset,
      end,
      ended: log.ended && nextOffset === end,
    };
    return ok(chunk);
  };
  return { ...api, readLog };
}

async function feedOf(api: NodeApi, slots = { open: 0 }): Promise<Feed> {
  const reply = await logFeed(api, { item: "0123456789ab", offset: 0 }, slots);
  if (typeof reply.body !== "function") throw new Error(`no feed: ${String(reply.body)}`);
  return reply.body;
}

const never = new AbortController().signal;

test("all of it comes, in pieces, also what is printed while somebody reads", async () => {
  const log = { text: "one two ", ended: false };
  const feed = await feedOf(nodeWith(log));
  const got: string[] = [];
  const write = async (chunk: string): Promise<void> => {
    got.push(chunk);
    if (got.length === 2) Object.assign(log, { text: "one two three", ended: true });
  };
  await feed({ write, signal: never });
  const pieces = got.map((one) => JSON.parse(one.slice("data: ".length)) as LogChunk);
  expect(pieces.map(({ text }) => text).join("")).toBe("one two three");
  expect(pieces.at(-1)).toMatchObject({ ended: true, nextOffset: 13 });
});

test("what cannot be read on is said, and the feed ends", async () => {
  const log = { text: "abcdefgh", ended: false, gone: false };
  const feed = await feedOf(nodeWith(log));
  const got: string[] = [];
  await feed({
    write: async (chunk) => {
      got.push(chunk);
      log.gone = true;
    },
    signal: never,
  });
  expect(got.at(-1)).toBe('event: problem\ndata: {"code":"unavailable","message":"The node is away."}\n\n');
});

test("a reader that is gone gives its slot back, and with none left there is a refusal", async () => {
  const slots = { open: 0 };
  const feed = await feedOf(nodeWith({ text: "x", ended: false }), slots);
  const reader = new AbortController();
  const reading = feed({ write: async () => {}, signal: reader.signal });
  expect(slots.open).toBe(1);
  reader.abort();
  await reading;
  expect(slots.open).toBe(0);
  slots.open = HTTP_LIMITS.feeds;
  expect((await logFeed(nodeWith({ text: "", ended: true }), { item: "x", offset: 0 }, slots)).status).toBe(503);
});

test("many who ask at once are counted before the first of them reads", async () => {
  const slots = { open: 0 };
  const asked = Array.from({ length: HTTP_LIMITS.feeds + 4 }, () =>
    logFeed(nodeWith({ text: "x", ended: false }), { item: "x", offset: 0 }, slots),
  );
  const answers = (await Promise.all(asked)).map(({ status }) => status);
  expect(answers.filter((status) => status === 200)).toHaveLength(HTTP_LIMITS.feeds);
});

test("a log that cannot be read takes no slot", async () => {
  const slots = { open: 0 };
  await logFeed(nodeWith({ text: "", ended: false, gone: true }), { item: "x", offset: 0 }, slots);
  expect(slots.open).toBe(0);
});

test("a feed is told when its reader left before the first piece was there, or wants none", async () => {
  const signals: boolean[] = [];
  const body: Feed = async ({ write, signal }) => {
    await write("a piece");
    signals.push(signal.aborted);
  };
  const reply = { status: 200, contentType: "text/plain", body };
  const server = createServer((request, response) => {
    if (request.method === "HEAD") writeReply(response, reply, false);
    else response.once("close", () => writeReply(response, reply, false));
    if (request.method !== "HEAD") reader.abort();
  });
  onTestFinished(() => void server.close());
  const reader = new AbortController();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  await fetch(url, { signal: reader.signal }).catch(() => undefined);
  await vi.waitFor(() => expect(signals).toEqual([true]));
  expect(await (await fetch(url, { method: "HEAD" })).text()).toBe("");
  expect(signals).toEqual([true, true]);
});

test("over the wire it is an event stream with the headers of every answer, for who has the token", async () => {
  const server = await startTestServer();
  try {
    const url = `${server.url}/api/v1/logs/item1/stream`;
    const headers = { Authorization: `Bearer ${TEST_TOKEN}` };
    const answer = await fetch(url, { headers });
    expect(answer.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    expect(await answer.text()).toContain('"text":"line\\n"');
    expect((await fetch(url)).status).toBe(401);
    expect((await fetch(`${server.url}/api/v1/logs/nope/stream`, { headers })).status).toBe(404);
    expect((await fetch(`${url}?offset=-1`, { headers })).status).toBe(400);
    expect(await (await fetch(url, { headers, method: "HEAD" })).text()).toBe("");
  } finally {
    await server.close();
  }
});

test("a reader that does not read is waited for, and what it has not read is not held for it", async () => {
  const server = await startTestServer();
  const reads = vi.spyOn(server.node.api, "readLog").mockImplementation(async ({ item, offset }) =>
    ok({
      item,
      epoch: 1,
      node: NODE,
      offset,
      text: "x".repeat(60_000),
      nextOffset: offset + 60_000,
      end: offset + 120_000,
      ended: false,
    }),
  );
  const reader = new AbortController();
  const headers = { Authorization: `Bearer ${TEST_TOKEN}` };
  await fetch(`${server.url}/api/v1/logs/item1/stream`, { headers, signal: reader.signal });
  // It goes on until the buffers of the two ends are full, and stands still then.
  let before = -1;
  while (reads.mock.calls.length !== before) {
    before = reads.mock.calls.length;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  expect(before).toBeLessThan(2_000);
  reader.abort();
  await server.close();
});
