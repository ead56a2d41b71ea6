/** After Discord has forgotten a session: nothing that was said in between is lost, and nothing from before the bot came is heard. */
import { expect, test } from "vitest";

import type { DiscordServer } from "../support/discord-server.ts";
import { newHost, uniqueTexts } from "../support/discord-stand.ts";
import { useDiscord } from "../support/discord-table.ts";
import { GENERAL, OTHER } from "../support/discord-world.ts";
import { waitFor } from "../support/wait.ts";

let server: DiscordServer;
const { enter, stand } = useDiscord((started) => {
  server = started;
});

test.each([
  ["4007", () => server.gateway.close(4007)],
  ["4009", () => server.gateway.close(4009)],
  ["an invalid session (op 9)", () => server.gateway.send({ op: 9, d: false, s: null, t: null })],
])("after %s it begins a new session, within the budget, and looks for what it missed", async (_, happens) => {
  const { host } = await enter();
  const first = server.write(GENERAL, "one");
  await waitFor("the first", () => host.received.length === 1);
  // Nothing of this reaches the gateway's new session.
  server.gateway.forget();
  happens();
  const missed = server.write(GENERAL, "missed");
  await waitFor("a new session", () => server.gateway.identifies.length === 2);
  await waitFor("what was missed", () => host.received.some(({ text }) => text === "missed"));
  const live = server.write(GENERAL, "live");
  await waitFor("what is new", () => host.received.some(({ text }) => text === "live"));
  expect(uniqueTexts(host)).toEqual(["one", "missed", "live"]);
  expect([...new Set(host.received.map(({ id }) => id))]).toEqual([first.id, missed.id, live.id]);
  expect(host.spent).toEqual(["identify", "identify"]);
  expect(server.gateway.resumes).toEqual([]);
});

test("a lost session: hundreds of messages in channels and threads are all found, with the ids of the gateway", async () => {
  const { host, ingress } = await enter();
  const root = server.write(GENERAL, "root");
  server.gateway.dispatch("THREAD_CREATE", server.world.openThread(root.id, GENERAL, "thread"));
  await waitFor("the root", () => host.received.length === 1);
  await ingress.close();
  server.gateway.forget();
  const written = new Set<string>([root.id]);
  for (let count = 0; count < 230; count++) written.add(server.write(GENERAL, `message ${count}`).id);
  for (let count = 0; count < 30; count++) written.add(server.write(root.id, `in the thread ${count}`).id);
  const later = newHost(host.cursors.at(-1));
  const next = await enter(later);
  await waitFor("all", () => new Set([...host.received, ...later.received].map(({ id }) => id)).size === written.size);
  expect(new Set([...host.received, ...later.received].map(({ id }) => id))).toEqual(written);
  const inThread = later.received.filter(({ thread }) => thread === root.id);
  expect(inThread).toHaveLength(30);
  await next.ingress.close();
});

test("a search for missed messages outlasts rate limits, errors and the connection it began on", async () => {
  const { host } = await enter();
  server.write(GENERAL, "one");
  await waitFor("the first", () => host.received.length === 1);
  const limited = {
    status: 429,
    headers: { "retry-after": "1", "x-ratelimit-scope": "user" },
    body: { retry_after: 1 },
  };
  server.faults.push({ method: "GET", path: /messages$/, how: limited, times: 2 });
  server.faults.push({ method: "GET", path: /messages$/, how: { status: 502 }, times: 8 });
  server.gateway.forget();
  server.gateway.send({ op: 9, d: false, s: null, t: null });
  const missed = server.write(GENERAL, "missed");
  await waitFor("a new session", () => server.gateway.identifies.length === 2);
  // The mesh is told of no session as long as messages from before it are missing.
  const live = server.write(GENERAL, "live");
  await waitFor("a try on another connection", () => server.gateway.resumes.length > 0);
  await waitFor("both", () => host.received.some(({ id }) => id === live.id));
  expect(uniqueTexts(host)).toEqual(["one", "missed", "live"]);
  expect(host.received.some(({ id }) => id === missed.id)).toBe(true);
  const second = host.cursors.findIndex((cursor) => cursor.includes("session-2"));
  expect(host.cursors.slice(0, second).at(-1)).not.toContain("session-");
  expect(server.gateway.identifies).toHaveLength(2);
});

test("rate limits alone do not cost the connection that the search began on", async () => {
  const { host } = await enter();
  server.write(GENERAL, "one");
  await waitFor("the first", () => host.received.length === 1);
  const limited = {
    status: 429,
    headers: { "retry-after": "1", "x-ratelimit-scope": "user" },
    body: { retry_after: 1 },
  };
  server.faults.push({ method: "GET", path: /messages$/, how: limited, times: 8 });
  server.gateway.forget();
  server.gateway.send({ op: 9, d: false, s: null, t: null });
  server.write(GENERAL, "missed");
  await waitFor("what was missed", () => host.received.some(({ text }) => text === "missed"));
  expect(server.gateway.dials).toHaveLength(2);
});

test("whoever takes over in the middle of a search begins it again", async () => {
  const { host, ingress } = await enter();
  server.write(GENERAL, "one");
  await waitFor("the first", () => host.received.length === 1);
  server.faults.push({ method: "GET", path: /messages$/, how: { status: 502 }, times: 1_000 });
  server.gateway.forget();
  server.gateway.send({ op: 9, d: false, s: null, t: null });
  server.write(GENERAL, "missed");
  await waitFor("a new session", () => server.gateway.identifies.length === 2);
  await ingress.close();
  expect(host.cursors.at(-1)).not.toContain("session-");
  server.faults.length = 0;
  const next = await enter(newHost(host.cursors.at(-1)));
  expect(uniqueTexts(next.host)).toContain("missed");
});

test("a configured channel that the bot may not read is told to people once, and keeps nothing else shut", async () => {
  const { host } = await enter(newHost(), stand({ channels: [GENERAL, "900000000000000999"] }));
  expect(host.troubles.filter(({ message }) => message.includes("900000000000000999"))).toHaveLength(1);
  server.write(GENERAL, "one");
  await waitFor("the message", () => host.received.length === 1);
});

test("a message that got lost is found also when a newer one of another channel had come", async () => {
  const { host } = await enter(newHost(), stand({ channels: [GENERAL, OTHER] }));
  const lost = server.world.add(OTHER, { content: "lost" });
  server.write(GENERAL, "newer");
  await waitFor("the newer one", () => host.received.length === 1);
  server.gateway.forget();
  server.gateway.send({ op: 9, d: false, s: null, t: null });
  await waitFor("the lost one", () => host.received.some(({ id }) => id === lost.id));
  expect(uniqueTexts(host).toSorted()).toEqual(["lost", "newer"]);
});

test("what was said before the bot came is nobody's business", async () => {
  for (let count = 0; count < 5; count++) server.write(GENERAL, `before ${count}`);
  const { host } = await enter();
  server.gateway.forget();
  server.gateway.send({ op: 9, d: false, s: null, t: null });
  await waitFor("a new session", () => server.gateway.identifies.length === 2);
  server.write(GENERAL, "after");
  await waitFor("the message", () => host.received.length > 0);
  expect(uniqueTexts(host)).toEqual(["after"]);
});
