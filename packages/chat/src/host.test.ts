/** The durable inbox in front of transports, the budgets they share, and completion. */
import { expect, test } from "vitest";

import { createHost } from "./host.ts";
import { createMeshDouble, type DeskDouble, type MeshDouble } from "./testing/index.ts";
import { accountOf, addItem, chatDraft, eventOf, pair, ROOM, sha256 } from "./testing/rooms.ts";

const ADA = { principal: "fake:ada", room: ROOM, direct: false };

interface Stand {
  readonly mesh: MeshDouble;
  readonly desk: DeskDouble;
  readonly host: ReturnType<typeof createHost>;
  readonly pokes: () => number;
}

function stand(
  mesh: MeshDouble = createMeshDouble(),
  name: string = "alice",
  role: "operator" | "agent" = "operator",
): Stand {
  const desk = mesh.desk(name, role);
  let pokes = 0;
  const host = createHost({
    account: accountOf(),
    desk,
    clock: mesh.clock,
    log: () => undefined,
    sha256,
    onTrouble: () => undefined,
    delivered: () => undefined,
    onReceived: () => {
      pokes++;
    },
  });
  return { mesh, desk, host, pokes: () => pokes };
}

test("what matters is durable before it is acknowledged, and what does not matter is acknowledged at once", async () => {
  const { mesh, desk, host, pokes } = stand();
  expect(await host.receive([eventOf("lunch?", { addressed: false })])).toEqual({ ok: true, value: undefined });
  expect([mesh.view().chat.commands.size, pokes()]).toEqual([0, 0]);
  expect((await host.receive([eventOf("list")])).ok).toBe(true);
  expect([mesh.view().chat.waiting.size, pokes()]).toEqual([1, 1]);
  desk.failure = "disk full";
  expect(await host.receive([eventOf("list")])).toEqual({ ok: false, error: "disk full" });
  expect([mesh.view().chat.waiting.size, pokes()]).toEqual([1, 1]);
});

test("an event is written once, in one batch, in two, and on two nodes", async () => {
  const { mesh, host } = stand();
  const other = stand(mesh, "bob");
  const event = eventOf("list");
  const before = mesh.replica.opCount();
  await host.receive([event, event, eventOf("whoami")]);
  await host.receive([event]);
  await other.host.receive([event]);
  expect(mesh.replica.opCount() - before).toBe(2);
});

test("a node that is no operator acknowledges nothing: its op would not count", async () => {
  const mesh = createMeshDouble();
  mesh.desk("alice");
  const { host } = stand(mesh, "bob", "agent");
  const received = await host.receive([eventOf("list")]);
  expect(received.ok ? "" : received.error).toContain("takes an operator's node");
  expect(mesh.view().chat.commands.size).toBe(0);
});

test("a budget is shared by all nodes, outlives them, and says how long to wait", async () => {
  const mesh = createMeshDouble();
  const [one, two] = [stand(mesh, "alice"), stand(mesh, "bob")];
  const limit = { count: 2, perMs: 10_000 };
  expect((await one.host.spend("identify", limit)).ok).toBe(true);
  await mesh.clock.pass(4_000);
  expect((await two.host.spend("identify", limit)).ok).toBe(true);
  expect(await one.host.spend("identify", limit)).toEqual({ ok: false, error: 6_000 });
  expect((await one.host.spend("another", limit)).ok).toBe(true);
  await mesh.clock.pass(6_000);
  expect((await one.host.spend("identify", limit)).ok).toBe(true);
  expect((await two.host.spend("identify", limit)).ok).toBe(false);
  two.desk.failure = "disk full";
  await mesh.clock.pass(60_000);
  const unsaved = await two.host.spend("identify", limit);
  expect(unsaved.ok).toBe(false);
});

test("of two that take the last of a budget at once one gets it", async () => {
  const { host } = stand();
  const limit = { count: 1, perMs: 10_000 };
  const both = await Promise.all([host.spend("identify", limit), host.spend("identify", limit)]);
  expect(both.filter(({ ok }) => ok)).toHaveLength(1);
});

test("items are found by the beginning of their id or title, at most as many as a platform shows", async () => {
  const { mesh, host } = stand();
  pair(mesh, "ada", "fake:ada");
  addItem(mesh, "0123456789ab", "Say hello");
  addItem(mesh, "ba9876543210", "Nothing");
  expect(host.complete("say", ADA).map(({ value }) => value)).toEqual(["#0123456789ab"]);
  expect(host.complete("#BA9", ADA).map(({ value }) => value)).toEqual(["#ba9876543210"]);
  for (let at = 0; at < 40; at++) addItem(mesh, `aaaaaaaaaa${at + 10}`, `Item ${"x".repeat(190)}`);
  const all = host.complete("", ADA);
  expect(all).toHaveLength(25);
  expect(Math.max(...all.map(({ label }) => label.length))).toBeLessThanOrEqual(100);
});

test("no title is completed for who may not read the items: strangers, other rooms, somebody whose role was taken", () => {
  const { mesh, host } = stand();
  pair(mesh, "ada", "fake:ada");
  addItem(mesh, "0123456789ab", "Say hello");
  for (const who of [
    { ...ADA, principal: "fake:eve" },
    { principal: "fake:eve", room: "!dm", direct: true },
    { ...ADA, room: "!elsewhere" },
  ]) {
    expect([who, host.complete("", who)]).toEqual([who, []]);
  }
  expect(host.complete("", { ...ADA, room: "!dm", direct: true })).toHaveLength(1);
  mesh.write(chatDraft({ kind: "person.role", person: "ada", role: "none" }));
  expect(host.complete("", ADA)).toEqual([]);
});

test("what nobody listens to can be told from what is taken in", () => {
  const { mesh, host } = stand();
  expect(host.hears(eventOf("list", { type: "slash" }))).toBe(true);
  expect(host.hears(eventOf("list", { type: "slash", room: "!elsewhere" }))).toBe(false);
  const direct = { type: "slash", direct: true, room: "!dm" } as const;
  expect(host.hears(eventOf("list", direct))).toBe(false);
  pair(mesh, "ada", "fake:ada");
  expect(host.hears(eventOf("list", direct))).toBe(true);
});

// ── strangers ───────────────────────────────────────────────────────────────────────────────────────────────────────

const HOUR_MS = 3_600_000;
const flood = (count: number, principal: (at: number) => string): ReturnType<typeof eventOf>[] =>
  Array.from({ length: count }, (_, at) => eventOf("list", { principal: principal(at) }));

test("what strangers say fills no log: so much of each and of all in an hour, and then nothing", async () => {
  const { mesh, host } = stand();
  const size = (): number => mesh.view().chat.commands.size;
  expect((await host.receive(flood(500, () => "fake:eve"))).ok).toBe(true);
  expect(size()).toBe(100);
  expect((await host.receive(flood(5_000, (at) => `fake:eve${at}`))).ok).toBe(true);
  expect(size()).toBe(500);
  await mesh.clock.pass(HOUR_MS);
  await host.receive(flood(500, () => "fake:eve"));
  expect(size()).toBe(600);
});

test("while strangers flood a room, those who may do something there are heard, and so is a code that is open", async () => {
  const { mesh, host } = stand();
  pair(mesh, "ada", "fake:ada");
  await host.receive(flood(5_000, (at) => `fake:eve${at}`));
  const before = mesh.view().chat.commands.size;
  await host.receive(flood(50, () => "fake:ada"));
  expect(mesh.view().chat.commands.size - before).toBe(50);
  const open = "7K3M9QXR2VBTHW4N";
  const code = sha256(new TextEncoder().encode(open));
  mesh.write(chatDraft({ kind: "person.invite", person: "bob", role: "operator", member: "", code, expires: 2 ** 45 }));
  const direct = { direct: true, room: "!dm", principal: "fake:bob" };
  await host.receive([eventOf("pair 7K3M-9QXR-2VBT-0000", direct), eventOf("pair 7k3m-9qxr-2vbt-hw4n", direct)]);
  const texts = [...mesh.view().chat.commands.values()].map(({ received }) => received.text);
  expect(texts.filter((text) => text.startsWith("pair"))).toEqual(["pair 7k3m-9qxr-2vbt-hw4n"]);
});
