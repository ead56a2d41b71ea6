/** Kinds and accounts on a running node: each for itself, whatever becomes of another. */
import { testCrypto } from "@skein/core/testing";
import { expect, test } from "vitest";
import { z } from "zod";

import { type ChatEngine, createChatEngine } from "./engine.ts";
import {
  createKindDouble,
  createMeshDouble,
  createPlatformDouble,
  type DeskDouble,
  type MeshDouble,
  type PlatformDouble,
} from "./testing/index.ts";
import { accountOf, eventOf, pair } from "./testing/rooms.ts";
import type { WebhookRequest } from "./transport.ts";

const HOOK: WebhookRequest = { method: "POST", url: "/", headers: {}, body: new Uint8Array() };
const SETTLED_MS = 8_000;

interface Stand {
  readonly mesh: MeshDouble;
  readonly desk: DeskDouble;
  readonly engine: ChatEngine;
  readonly logged: string[];
}

function stand(role: "operator" | "agent" = "operator"): Stand {
  const mesh = createMeshDouble();
  const founder = mesh.desk("alice");
  const desk = role === "operator" ? founder : mesh.desk("bob", role);
  const logged: string[] = [];
  const engine = createChatEngine({
    desk,
    clock: mesh.clock,
    random: { bytes: (length) => new Uint8Array(length) },
    crypto: testCrypto,
    log: (level, event, fields) => void logged.push(`${level} ${event} ${JSON.stringify(fields)}`),
    fetch: () => Promise.reject(new Error("nothing is fetched here")),
  });
  return { mesh, desk, engine, logged };
}

const stateOf = ({ engine }: Stand, account: string): string | undefined =>
  engine.states().find((one) => one.account === account)?.state;
const troubleOf = ({ engine }: Stand, account: string): string | undefined =>
  engine.states().find((one) => one.account === account)?.trouble;

const platformWith = (fault?: PlatformDouble["faults"] extends Set<infer P> ? P : never): PlatformDouble => {
  const platform = createPlatformDouble();
  if (fault !== undefined) platform.faults.add(fault);
  return platform;
};

test("a fifth transport registers with what composes the node, and works", async () => {
  const of = stand();
  const platform = createPlatformDouble();
  const telegraph = createKindDouble("telegraph", platform);
  of.engine.register(telegraph.kind);
  await of.engine.apply([accountOf({ kind: "telegraph" })]);
  of.engine.start();
  await of.mesh.clock.pass(SETTLED_MS);
  pair(of.mesh, "ada", "telegraph:ada");
  const [made] = telegraph.made;
  await made?.ingress().receive([eventOf("new Say hello", { principal: "telegraph:ada" })]);
  await of.mesh.clock.pass(3_000);
  expect(platform.posted.map(({ text }) => text)).toEqual([expect.stringContaining("Added")]);
  await of.engine.stop();
});

test("several accounts of one kind speak side by side, and one is changed without touching the others", async () => {
  const of = stand();
  const fake = createKindDouble("fake", createPlatformDouble());
  of.engine.register(fake.kind);
  const [one, two] = [accountOf({ name: "one" }), accountOf({ name: "two" })];
  await of.engine.apply([one, two]);
  of.engine.start();
  await of.mesh.clock.pass(SETTLED_MS);
  expect([stateOf(of, "fake/one"), stateOf(of, "fake/two")]).toEqual(["connects", "connects"]);
  const applying = of.engine.apply([one, { ...two, prefixes: ["!two"] }]);
  await of.mesh.clock.pass(SETTLED_MS);
  await applying;
  expect(fake.made.map(({ account }) => account)).toEqual(["one", "two", "two"]);
  expect(fake.made.map((made) => made.isClosed())).toEqual([false, true, false]);
  expect(fake.made.map((made) => made.isOpen())).toEqual([true, false, true]);
  await of.engine.stop();
});

test("an account that is switched off is closed, and one that is switched on is opened", async () => {
  const of = stand();
  const fake = createKindDouble("fake", createPlatformDouble());
  of.engine.register(fake.kind);
  of.engine.start();
  const account = accountOf();
  await of.engine.apply([{ ...account, enabled: false }]);
  await of.mesh.clock.pass(SETTLED_MS);
  expect(fake.made).toHaveLength(0);
  await of.engine.apply([account]);
  await of.mesh.clock.pass(SETTLED_MS);
  expect(fake.made[0]?.isOpen()).toBe(true);
  const applying = of.engine.apply([{ ...account, enabled: false }]);
  await of.mesh.clock.pass(SETTLED_MS);
  await applying;
  expect([fake.made[0]?.isOpen(), fake.made[0]?.isClosed()]).toEqual([false, true]);
  expect(of.engine.states()).toEqual([]);
  expect(of.desk.speakers("fake/main").size).toBe(0);
  await of.engine.stop();
});

test("a node whose role may not speak says so, instead of only standing there", async () => {
  const of = stand("agent");
  const fake = createKindDouble("fake", createPlatformDouble());
  of.engine.register(fake.kind);
  await of.engine.apply([accountOf()]);
  of.engine.start();
  await of.mesh.clock.pass(SETTLED_MS);
  expect([stateOf(of, "fake/main"), fake.made[0]?.isOpen()]).toEqual(["stopped", false]);
  expect(troubleOf(of, "fake/main")).toContain("role in the mesh is agent");
  await of.engine.stop();
});

test("a secret that is missing or empty refuses the account, names it, and touches no other", async () => {
  const of = stand();
  const needy = createKindDouble("needy", createPlatformDouble(), ["token", "signing"]);
  const fake = createKindDouble("fake", createPlatformDouble());
  of.engine.register(needy.kind);
  of.engine.register(fake.kind);
  const secret = (name: string): string | undefined => (name === "token" ? "abc" : "");
  await of.engine.apply([accountOf({ kind: "needy", secret }), accountOf()]);
  of.engine.start();
  await of.mesh.clock.pass(SETTLED_MS);
  expect(needy.made).toHaveLength(0);
  expect(troubleOf(of, "needy/main")).toContain("needy/main does not start: the secret signing is missing.");
  expect(of.desk.incidents.join()).not.toContain("abc");
  expect(fake.made[0]?.isOpen()).toBe(true);
  const whyNoSecret = (name: string): string => `Nobody wrote down ${name}.`;
  await of.engine.apply([accountOf({ kind: "needy", secret, whyNoSecret }), accountOf()]);
  expect(troubleOf(of, "needy/main")).toContain("the secret signing is missing. Nobody wrote down signing.");
  // It is there now: the next look at the configuration starts it.
  await of.engine.apply([accountOf({ kind: "needy", secret: () => "abc" }), accountOf()]);
  expect([needy.made.length, fake.made.length]).toEqual([1, 1]);
  await of.engine.stop();
});

test("a kind that nobody registered, and settings that are wrong, are refused in words", async () => {
  const of = stand();
  of.engine.register(createKindDouble("fake", createPlatformDouble()).kind);
  await of.engine.apply([accountOf({ kind: "fax" }), accountOf({ settings: { url: 7, colour: "red" } })]);
  expect(troubleOf(of, "fax/main")).toBe('fax/main: there is no transport "fax". There are: fake.');
  expect(troubleOf(of, "fake/main")).toContain("fake/main does not start: url: ");
  expect(troubleOf(of, "fake/main")).toContain("colour");
});

test.each(["settings", "secrets", "create"] as const)(
  "a kind that throws in %s costs its account alone",
  async (part) => {
    const of = stand();
    const fake = createKindDouble("fake", createPlatformDouble());
    const boom = (): never => {
      throw new Error(`a fault in ${part}`);
    };
    of.engine.register(fake.kind);
    of.engine.register({
      kind: "bad",
      settings: part === "settings" ? z.string().transform(boom) : z.unknown(),
      secrets: part === "secrets" ? boom : () => [],
      create: boom,
    });
    await of.engine.apply([accountOf({ kind: "bad", settings: "x" }), accountOf()]);
    of.engine.start();
    await of.mesh.clock.pass(SETTLED_MS);
    expect(troubleOf(of, "bad/main")).toContain(`a fault in ${part}`);
    expect(fake.made[0]?.isOpen()).toBe(true);
    await of.engine.stop();
  },
);

test.each(["open", "send", "edit", "react", "webhook", "close", "closeIngress"] as const)(
  "a transport that throws in %s leaves the other account as it was",
  async (part) => {
    const of = stand();
    const [bad, good] = [createKindDouble("bad", platformWith(part)), createKindDouble("good", createPlatformDouble())];
    of.engine.register(bad.kind);
    of.engine.register(good.kind);
    await of.engine.apply([accountOf({ kind: "bad" }), accountOf({ kind: "good" })]);
    of.engine.start();
    await of.mesh.clock.pass(SETTLED_MS);
    pair(of.mesh, "ada", "fake:ada");
    const [broken] = bad.made;
    if (broken?.isOpen() ?? false) await broken?.ingress().receive([eventOf("whoami")]);
    expect((await of.engine.webhook("bad", "main", HOOK)).status).toBe(part === "webhook" ? 500 : 200);
    expect((await of.engine.webhook("good", "main", HOOK)).status).toBe(200);
    await of.mesh.clock.pass(5_000);
    await good.made[0]?.ingress().receive([eventOf("whoami")]);
    await of.mesh.clock.pass(3_000);
    const said = [...of.mesh.view().chat.sent.values()].filter(({ account }) => account === "good/main");
    expect(said.map(({ result }) => result)).toEqual(["sent"]);
    const stopping = of.engine.stop();
    await of.mesh.clock.pass(60_000);
    await expect(stopping).resolves.toBeUndefined();
    expect(good.made[0]?.isClosed()).toBe(true);
  },
);

test("an account that gave up starts again when somebody changes the configuration, and only then", async () => {
  const of = stand();
  const platform = platformWith("open");
  const fake = createKindDouble("fake", platform);
  of.engine.register(fake.kind);
  of.engine.start();
  await of.engine.apply([accountOf()]);
  await of.mesh.clock.pass(60_000);
  expect([stateOf(of, "fake/main"), fake.made[0]?.opened()]).toEqual(["stopped", 1]);
  platform.faults.clear();
  await of.engine.apply([accountOf()]);
  await of.mesh.clock.pass(SETTLED_MS);
  expect([fake.made.length, fake.made[1]?.isOpen()]).toEqual([2, true]);
  await of.engine.stop();
});

test("a webhook for an account that is not here is no secret and no fault", async () => {
  const of = stand();
  expect(await of.engine.webhook("fake", "main", HOOK)).toMatchObject({ status: 404 });
  expect(await of.engine.webhook("constructor", "__proto__", HOOK)).toMatchObject({ status: 404 });
});

test("an account gets its new secret when the configuration names another one, or there is another one behind the name", async () => {
  const of = stand();
  const needy = createKindDouble("needy", createPlatformDouble(), ["token"]);
  of.engine.register(needy.kind);
  of.engine.start();
  let token = "old";
  const account = accountOf({ kind: "needy", secret: () => token });
  const apply = async (next = account): Promise<void> => {
    const applying = of.engine.apply([next]);
    await of.mesh.clock.pass(SETTLED_MS);
    await applying;
  };
  await apply();
  await apply();
  expect(needy.made).toHaveLength(1);
  await apply({ ...account, secret: () => "named" });
  expect(needy.made).toHaveLength(2);
  await apply();
  token = "new";
  await apply();
  expect(needy.made.map((made) => made.isClosed())).toEqual([true, true, true, false]);
  await of.engine.stop();
});

test("an account whose rules name no verb does not start, so that nobody takes it for protected", async () => {
  const of = stand();
  const fake = createKindDouble("fake", createPlatformDouble());
  of.engine.register(fake.kind);
  await of.engine.apply([accountOf({ fourEyes: ["archve"] }), accountOf({ name: "other", fourEyes: ["archive"] })]);
  expect(fake.made.map(({ account }) => account)).toEqual(["other"]);
  expect(troubleOf(of, "fake/main")).toContain("there is no verb archve for roles or fourEyes; did you mean archive?");
  await of.engine.stop();
});
