/** One account on several nodes: who speaks, what is said how often, and what a fault, a full disk or a sleep costs. */
import { plainText } from "@skein/core";
import { testCrypto } from "@skein/core/testing";
import { expect, test } from "vitest";

import type { AccountSettings } from "./account.ts";
import { createSession, type Session } from "./session.ts";
import {
  createMeshDouble,
  createPlatformDouble,
  createTransportDouble,
  type DeskDouble,
  type MeshDouble,
  type PlatformDouble,
  type TransportDouble,
} from "./testing/index.ts";
import { accountOf, addItem, chatDraft, commandId, eventOf, pair } from "./testing/rooms.ts";
import type { Capabilities, InboundEvent } from "./transport.ts";

const ITEM = "0123456789ab";

interface Place {
  readonly desk: DeskDouble;
  readonly transport: TransportDouble;
  readonly session: Session;
  readonly faults: string[];
  /** The process is gone: nothing of it runs any more. */
  kill(): void;
}

interface Stand {
  readonly mesh: MeshDouble;
  readonly platform: PlatformDouble;
  readonly places: readonly Place[];
}

/** Some nodes with one account, ticking once a second as the engine does. */
function stand(names: readonly string[], more: Partial<AccountSettings> = {}, caps: Partial<Capabilities> = {}): Stand {
  const mesh = createMeshDouble();
  const platform = createPlatformDouble(caps);
  const account = accountOf(more);
  const desks = names.map((name) => mesh.desk(name));
  pair(mesh, "ada", "fake:ada");
  addItem(mesh, ITEM, "Say hello");
  const places = desks.map((desk): Place => {
    const transport = createTransportDouble("fake", "main", platform);
    const faults: string[] = [];
    const memberNamed = (name: string): string | undefined =>
      [...mesh.view().membership.members.values()].find((member) => member.name === name)?.id;
    const session = createSession({
      account,
      transport,
      desk,
      clock: mesh.clock,
      crypto: testCrypto,
      log: (level, event, fields) =>
        void (level === "error" ? faults.push(`${event} ${String(fields?.["message"])}`) : 0),
      memberNamed,
    });
    let isGone = false;
    const tick = (): void => {
      if (isGone) return;
      const cursor = session.cursor();
      desk.announce(cursor === undefined ? {} : { [account.id]: cursor });
      session.tick();
      mesh.clock.after(1_000, tick);
    };
    desk.onCommitted(({ items }) => {
      if (!isGone) session.changed(items);
    });
    mesh.clock.after(0, tick);
    const kill = (): void => {
      isGone = true;
      desk.die();
    };
    return { desk, transport, session, faults, kill };
  });
  return { mesh, platform, places };
}

const speakerOf = ({ places }: Stand): Place => {
  const [one, ...others] = places.filter(({ session }) => ["speaks", "connects"].includes(session.state().state));
  if (one === undefined || others.length > 0) throw new Error(`${others.length + Number(one !== undefined)} speak`);
  return one;
};
const otherThan = ({ places }: Stand, not: Place): Place => {
  const found = places.find((one) => one !== not);
  if (found === undefined) throw new Error("there is no other");
  return found;
};

async function hear(of: Stand, event: InboundEvent, by: Place = speakerOf(of)): Promise<boolean> {
  const received = by.transport.ingress().receive([event]);
  await of.mesh.clock.rest();
  return (await received).ok;
}

const textsOf = ({ platform }: Stand): readonly string[] => platform.posted.map(({ text }) => text);
const stageOf = ({ mesh }: Stand): string | undefined => mesh.view().items.get(ITEM)?.best?.state.stage.stage;
const settledAs = ({ mesh }: Stand, event: InboundEvent): string | undefined =>
  mesh.view().chat.commands.get(commandId(event))?.settled?.outcome;

/** Past hearing, claiming and the wait for a rank. */
const SETTLED_MS = 12_000;
const TAKEN_OVER_MS = 45_000;

// ── who speaks ──────────────────────────────────────────────────────────────────────────────────────────────────────

test("of several nodes one opens the way in, carries out a command and answers it", async () => {
  const of = stand(["alice", "bob", "carol"]);
  await of.mesh.clock.pass(SETTLED_MS);
  expect(of.places.map(({ transport }) => transport.opened()).toSorted()).toEqual([0, 0, 1]);
  const event = eventOf("start #0123");
  expect(await hear(of, event)).toBe(true);
  await of.mesh.clock.pass(2_000);
  expect(stageOf(of)).toBe("Coding");
  expect(textsOf(of)).toEqual([expect.stringContaining("Started #012345 Say hello")]);
  expect(of.platform.reactions.at(-1)).toEqual([event.message, "✅"]);
});

test("the same event again, also on another node's webhook, is done and answered once", async () => {
  const of = stand(["alice", "bob"]);
  await of.mesh.clock.pass(SETTLED_MS);
  const event = eventOf("new Once");
  const speaker = speakerOf(of);
  await hear(of, event);
  await hear(of, event);
  await of.mesh.clock.pass(3_000);
  await hear(of, event, speaker);
  await of.mesh.clock.pass(3_000);
  expect([...of.mesh.view().items.values()].filter(({ registers }) => registers?.title.value === "Once")).toHaveLength(
    1,
  );
  expect(of.platform.posted).toHaveLength(1);
});

test("the holder dies with a command in the log, and the next one carries it out once its lease has run out", async () => {
  const of = stand(["alice", "bob"]);
  await of.mesh.clock.pass(SETTLED_MS);
  const first = speakerOf(of);
  const next = otherThan(of, first);
  first.desk.failure = "disk full";
  first.kill();
  const event = eventOf("start #0123");
  of.mesh.write(
    chatDraft({
      kind: "chat.receive",
      account: "fake/main",
      event: event.id,
      type: "message",
      principal: event.principal,
      name: "Ada",
      room: event.room,
      direct: false,
      thread: "",
      message: event.message,
      quotes: "",
      text: event.text,
      at: event.atMs,
    }),
  );
  await of.mesh.clock.pass(28_000);
  expect([stageOf(of), next.transport.opened()]).toEqual(["Backlog", 0]);
  await of.mesh.clock.pass(TAKEN_OVER_MS - 28_000);
  expect([stageOf(of), next.transport.opened()]).toEqual(["Coding", 1]);
  expect(of.platform.posted).toHaveLength(1);
  expect(of.mesh.view().chat.leases.get("fake/main")?.epoch).toBe(2);
});

test("the next holder goes on from where the last one was", async () => {
  const of = stand(["alice", "bob"]);
  await of.mesh.clock.pass(SETTLED_MS);
  const first = speakerOf(of);
  first.transport.ingress().moved("s7");
  await of.mesh.clock.pass(10_000);
  first.kill();
  await of.mesh.clock.pass(TAKEN_OVER_MS);
  expect(otherThan(of, first).transport.ingress().cursor).toBe("s7");
});

test("a node that ends gives the lease back, and the next one need not wait for it", async () => {
  const of = stand(["alice", "bob"]);
  await of.mesh.clock.pass(SETTLED_MS);
  const first = speakerOf(of);
  const stopping = first.session.stop();
  await of.mesh.clock.pass(5_000);
  await stopping;
  expect([first.transport.isOpen(), first.transport.isClosed()]).toEqual([false, true]);
  await of.mesh.clock.pass(2_000);
  expect(otherThan(of, first).transport.isOpen()).toBe(true);
});

test("an account goes back to the node that it is pinned to once that is there", async () => {
  const of = stand(["alice", "bob"], { pin: "bob" });
  const [alice, bob] = of.places;
  if (alice === undefined || bob === undefined) throw new Error("two stand here");
  bob.desk.failure = "disk full";
  await of.mesh.clock.pass(SETTLED_MS);
  expect(alice.transport.isOpen()).toBe(true);
  bob.desk.failure = undefined;
  await of.mesh.clock.pass(SETTLED_MS);
  expect([alice.transport.isOpen(), bob.transport.isOpen()]).toEqual([false, true]);
  expect(of.platform.faults.size).toBe(0);
});

// ── fences ──────────────────────────────────────────────────────────────────────────────────────────────────────────

test("a holder that slept says nothing before it has heard what happened meanwhile", async () => {
  const of = stand(["alice", "bob"]);
  await of.mesh.clock.pass(SETTLED_MS);
  const first = speakerOf(of);
  of.platform.next.push({ type: "retry", afterMs: 1_000, reason: "busy", scope: "account" });
  await hear(of, eventOf("start #0123"));
  expect(of.platform.posted).toHaveLength(0);
  const sends = first.transport.sends.length;
  of.mesh.clock.sleep(60_000);
  // What comes in first may be the news of others, not the node's own tick.
  first.session.changed(undefined);
  await of.mesh.clock.rest();
  expect(first.transport.sends).toHaveLength(sends);
  await of.mesh.clock.pass(2_000);
  expect(first.transport.sends).toHaveLength(sends);
  // Nobody took over, so it goes on.
  await of.mesh.clock.pass(3_000);
  expect(of.platform.posted).toHaveLength(1);
});

test("a holder that slept and was followed by another never speaks again under its old lease", async () => {
  const of = stand(["alice", "bob"]);
  await of.mesh.clock.pass(SETTLED_MS);
  const first = speakerOf(of);
  const next = otherThan(of, first);
  of.platform.next.push({ type: "retry", afterMs: 1_000, reason: "busy", scope: "account" });
  await hear(of, eventOf("start #0123"));
  const sends = first.transport.sends.length;
  of.mesh.clock.sleep(31_000);
  // The other one has taken over while this one slept.
  await next.desk.write(() => ({
    ok: true,
    value: [chatDraft({ kind: "lease.claim", lease: "fake/main", epoch: 2, ttl: 30_000 })],
  }));
  await of.mesh.clock.pass(10_000);
  expect(first.transport.sends).toHaveLength(sends);
  expect([first.transport.isOpen(), next.transport.isOpen()]).toEqual([false, true]);
  expect(of.platform.posted).toHaveLength(1);
});

test("a send is not begun when its node fell asleep while it looked for an earlier one", async () => {
  const of = stand(["alice"], {}, { idempotency: "reconcile" });
  await of.mesh.clock.pass(SETTLED_MS);
  of.platform.next.push("dropped");
  of.platform.onFind = () => of.mesh.clock.sleep(60_000);
  await hear(of, eventOf("start #0123"));
  await of.mesh.clock.pass(1_500);
  expect(of.platform.posted).toHaveLength(0);
  of.platform.onFind = () => undefined;
  await of.mesh.clock.pass(10_000);
  expect(of.platform.posted).toHaveLength(1);
});

// ── sends whose end nobody heard ────────────────────────────────────────────────────────────────────────────────────

test("where keys count, a send that nobody heard of is sent again under its key and seen once", async () => {
  const of = stand(["alice"], {}, { idempotency: "key" });
  await of.mesh.clock.pass(SETTLED_MS);
  of.platform.next.push("lost", "dropped");
  await hear(of, eventOf("start #0123"));
  await of.mesh.clock.pass(10_000);
  const [place] = of.places;
  expect(of.platform.posted).toHaveLength(1);
  expect(place?.transport.sends).toHaveLength(3);
  expect(new Set(place?.transport.sends).size).toBe(1);
  expect([...of.mesh.view().chat.unanswered]).toEqual([]);
});

test("where keys do not count, it is looked for: found it is not sent again, missing it is", async () => {
  for (const [fate, sends] of [
    ["lost", 1],
    ["dropped", 2],
  ] as const) {
    const of = stand(["alice"], {}, { idempotency: "reconcile" });
    await of.mesh.clock.pass(SETTLED_MS);
    of.platform.next.push(fate);
    await hear(of, eventOf("start #0123"));
    await of.mesh.clock.pass(10_000);
    expect([fate, of.platform.posted.length]).toEqual([fate, 1]);
    expect(of.places[0]?.transport.sends).toHaveLength(sends);
    expect([...of.mesh.view().chat.unanswered]).toEqual([]);
  }
});

test("where nobody can tell, it is not sent again, and after a while given up in words", async () => {
  const of = stand(["alice"], {}, { idempotency: "reconcile" });
  await of.mesh.clock.pass(SETTLED_MS);
  of.platform.isBlind = true;
  of.platform.next.push("lost");
  await hear(of, eventOf("start #0123"));
  await of.mesh.clock.pass(130_000);
  expect(of.places[0]?.transport.sends).toHaveLength(1);
  expect(of.places[0]?.desk.incidents.join()).toContain("was sent is not known");
  expect([...of.mesh.view().chat.sent.values()].map(({ result }) => result)).toEqual(["failed"]);
});

test("whoever takes over looks for every answer that may be out already, also for those that had to wait", async () => {
  const of = stand(["alice", "bob"], {}, { idempotency: "reconcile" });
  await of.mesh.clock.pass(SETTLED_MS);
  const first = speakerOf(of);
  const next = otherThan(of, first);
  // Two answers go out, and the disk refuses to keep that they did; then the node dies.
  const { write } = first.desk;
  first.desk.write = (decide) =>
    write(() => {
      const decided = decide();
      const isMark = decided.ok && decided.value.some(({ body }) => body.kind === "chat.sent");
      return isMark ? { ok: false, error: { code: "not-saved", message: "disk full" } } : decided;
    });
  await hear(of, eventOf("start #0123"));
  await hear(of, eventOf("hold #0123"));
  await of.mesh.clock.pass(3_000);
  expect(textsOf(of)).toHaveLength(2);
  expect(of.mesh.view().chat.sent.size).toBe(0);
  first.kill();
  // The platform cannot be asked about the first one just now, so the second one has to wait as well.
  let asked = 0;
  of.platform.onFind = () => {
    asked++;
    if (asked === 1) throw new Error("busy");
  };
  await of.mesh.clock.pass(TAKEN_OVER_MS);
  expect(asked).toBeGreaterThanOrEqual(2);
  expect(textsOf(of)).toHaveLength(2);
  expect(next.transport.sends).toHaveLength(0);
  expect([...of.mesh.view().chat.unanswered]).toEqual([]);
});

test("an answer that another node decided is looked for before it is said", async () => {
  const of = stand(["alice", "bob"], {}, { idempotency: "reconcile" });
  await of.mesh.clock.pass(SETTLED_MS);
  const speaker = speakerOf(of);
  const other = otherThan(of, speaker);
  // As after a partition: what the other one did comes in piece by piece, its answer is in the room already.
  const event = eventOf("list");
  const { receive } = speaker.transport.ingress();
  speaker.desk.write = () => Promise.resolve({ ok: true, value: [] });
  await receive([event]);
  let asked = 0;
  of.platform.onFind = () => {
    asked++;
  };
  await other.desk.write(() => ({
    ok: true,
    value: [
      chatDraft({
        kind: "chat.receive",
        account: "fake/main",
        event: event.id,
        type: "message",
        principal: event.principal,
        name: "Ada",
        room: event.room,
        direct: false,
        thread: "",
        message: event.message,
        quotes: "",
        text: "list",
        at: event.atMs,
      }),
      chatDraft({
        kind: "chat.settle",
        command: commandId(event),
        outcome: "done",
        reply: [{ text: "No items.", style: "plain" }],
        item: "",
        proposal: "",
        version: "",
        answers: "",
        effects: 0,
      }),
    ],
  }));
  await of.mesh.clock.pass(2_000);
  expect(asked).toBeGreaterThan(0);
});

// ── waiting ─────────────────────────────────────────────────────────────────────────────────────────────────────────

test("a room that has to wait keeps no other room waiting, an account that has to wait keeps all of them", async () => {
  const rooms = ["!a", "!b"].map((id) => ({ id, role: "operator", guests: "none", notices: "nothing" }) as const);
  for (const [scope, said] of [
    ["room", ["!b"]],
    ["account", []],
  ] as const) {
    const of = stand(["alice"], { rooms });
    await of.mesh.clock.pass(SETTLED_MS);
    of.platform.next.push({ type: "retry", afterMs: 30_000, reason: "busy", scope });
    await hear(of, eventOf("whoami", { room: "!a" }));
    await hear(of, eventOf("whoami", { room: "!b" }));
    await of.mesh.clock.pass(5_000);
    expect([scope, of.platform.posted.map(({ room }) => room)]).toEqual([scope, said]);
    await of.mesh.clock.pass(30_000);
    expect(of.platform.posted.map(({ room }) => room).toSorted()).toEqual(["!a", "!b"]);
  }
});

test("a pause that makes no sense ends all the same", async () => {
  for (const afterMs of [Number.NaN, -5, Number.POSITIVE_INFINITY]) {
    const of = stand(["alice"]);
    await of.mesh.clock.pass(SETTLED_MS);
    of.platform.next.push({ type: "retry", afterMs, reason: "busy", scope: "account" });
    await hear(of, eventOf("whoami"));
    await of.mesh.clock.pass(3_700_000);
    expect(of.platform.posted).toHaveLength(1);
  }
});

test("what is refused for good is told once and not tried again, however the platform words it", async () => {
  const of = stand(["alice"]);
  await of.mesh.clock.pass(SETTLED_MS);
  of.platform.next.push({ type: "refused", reason: `<html>\0\n${"no ".repeat(3_000)}</html>` });
  await hear(of, eventOf("whoami"));
  await of.mesh.clock.pass(20_000);
  expect(of.places[0]?.transport.sends).toHaveLength(1);
  expect(of.places[0]?.desk.incidents).toHaveLength(1);
});

test("a message whose id no op can hold is sent once", async () => {
  const of = stand(["alice"]);
  await of.mesh.clock.pass(SETTLED_MS);
  of.platform.next.push({ type: "sent", message: "x".repeat(400) });
  await hear(of, eventOf("whoami"));
  await of.mesh.clock.pass(20_000);
  expect(of.places[0]?.transport.sends).toHaveLength(1);
  expect([...of.mesh.view().chat.unanswered]).toEqual([]);
});

// ── the disk ────────────────────────────────────────────────────────────────────────────────────────────────────────

test("while the disk refuses nothing is acknowledged, and nothing that was is lost", async () => {
  const of = stand(["alice"]);
  await of.mesh.clock.pass(SETTLED_MS);
  const [place] = of.places;
  if (place === undefined) throw new Error("one stands here");
  const kept = eventOf("start #0123");
  of.platform.next.push({ type: "retry", afterMs: 500, reason: "busy", scope: "account" });
  await hear(of, kept);
  const { receive } = place.transport.ingress();
  place.desk.failure = "disk full";
  const refused = await receive([eventOf("hold #0123")]);
  expect(refused).toEqual({ ok: false, error: "disk full" });
  await of.mesh.clock.pass(10_000);
  expect(of.platform.posted).toHaveLength(0);
  expect(place.transport.isOpen()).toBe(false);
  place.desk.failure = undefined;
  await of.mesh.clock.pass(10_000);
  expect(settledAs(of, kept)).toBe("done");
  expect(of.platform.posted).toHaveLength(1);
  expect(place.transport.isOpen()).toBe(true);
});

test("a mark that the disk refused is written later, and the message is not sent again", async () => {
  const of = stand(["alice"]);
  await of.mesh.clock.pass(SETTLED_MS);
  const [place] = of.places;
  if (place === undefined) throw new Error("one stands here");
  const { write } = place.desk;
  let refusals = 2;
  place.desk.write = (decide) =>
    write(() => {
      const decided = decide();
      const isMark = decided.ok && decided.value.some(({ body }) => body.kind === "chat.sent");
      if (!isMark || refusals-- <= 0) return decided;
      return { ok: false, error: { code: "not-saved", message: "disk full" } };
    });
  await hear(of, eventOf("whoami"));
  await of.mesh.clock.pass(10_000);
  expect(place.transport.sends).toHaveLength(1);
  expect(of.mesh.view().chat.sent.size).toBe(1);
  expect([...of.mesh.view().chat.unanswered]).toEqual([]);
});

test("a holder whose disk stays full makes room for another, although it is alive", async () => {
  const of = stand(["alice", "bob"]);
  await of.mesh.clock.pass(SETTLED_MS);
  const first = speakerOf(of);
  first.desk.failure = "disk full";
  await of.mesh.clock.pass(TAKEN_OVER_MS);
  expect([first.transport.isOpen(), otherThan(of, first).transport.isOpen()]).toEqual([false, true]);
});

// ── faults ──────────────────────────────────────────────────────────────────────────────────────────────────────────

test("a way in that cannot be opened gives the lease back and is not tried again and again", async () => {
  const of = stand(["alice", "bob"]);
  of.platform.faults.add("open");
  await of.mesh.clock.pass(120_000);
  expect(of.places.map(({ transport }) => transport.opened())).toEqual([1, 1]);
  expect(of.places.map(({ session }) => session.state().state)).toEqual(["stopped", "stopped"]);
  expect(of.mesh.view().chat.leases.get("fake/main")).toMatchObject({ epoch: 2, released: true });
  expect(of.places[0]?.session.state().trouble).toContain("a fault in open");
});

test("what ends the account on one node for good lets the next one have it", async () => {
  const of = stand(["alice", "bob"]);
  await of.mesh.clock.pass(SETTLED_MS);
  const first = speakerOf(of);
  first.transport.ingress().trouble({ severity: "fatal", message: "The token was revoked. Make a new one." });
  await of.mesh.clock.pass(10_000);
  expect(first.session.state()).toMatchObject({ state: "stopped", trouble: expect.stringContaining("revoked") });
  expect(otherThan(of, first).transport.isOpen()).toBe(true);
  await of.mesh.clock.pass(120_000);
  expect(of.mesh.view().chat.leases.get("fake/main")?.epoch).toBe(2);
});

test("a trouble that passed is not told for ever", async () => {
  const of = stand(["alice"]);
  await of.mesh.clock.pass(SETTLED_MS);
  const { session, transport } = speakerOf(of);
  transport.ingress().trouble({ severity: "passing", message: "The platform is down." });
  expect(session.state().trouble).toBe("The platform is down.");
  transport.ingress().moved("s1");
  expect(session.state().trouble).toBeUndefined();
});

test.each(["send", "edit", "react", "find", "close", "closeIngress"] as const)(
  "a transport that throws in %s costs what it was for, and nothing else",
  async (part) => {
    const of = stand(["alice"], {}, { idempotency: "reconcile" });
    await of.mesh.clock.pass(SETTLED_MS);
    of.platform.faults.add(part);
    const event = eventOf("start #0123");
    await hear(of, event);
    await of.mesh.clock.pass(5_000);
    expect(settledAs(of, event)).toBe("done");
    of.platform.faults.delete(part);
    await of.mesh.clock.pass(5_000);
    expect(of.platform.posted.length).toBeGreaterThanOrEqual(1);
    of.platform.faults.add(part);
    const stopping = speakerOf(of).session.stop();
    await of.mesh.clock.pass(30_000);
    await expect(stopping).resolves.toBeUndefined();
    expect(of.mesh.view().chat.leases.get("fake/main")?.released).toBe(true);
  },
);

test("a message at which the transport always throws is given up, and the room goes on", async () => {
  const of = stand(["alice"]);
  await of.mesh.clock.pass(SETTLED_MS);
  of.platform.faults.add("send");
  await hear(of, eventOf("whoami"));
  await of.mesh.clock.pass(125_000);
  expect([...of.mesh.view().chat.sent.values()].map(({ result }) => result)).toEqual(["failed"]);
  of.platform.faults.clear();
  await hear(of, eventOf("whoami"));
  await of.mesh.clock.pass(3_000);
  expect(of.platform.posted).toHaveLength(1);
});

test("a transport that never ends keeps nobody waiting for ever", async () => {
  const of = stand(["alice"]);
  await of.mesh.clock.pass(SETTLED_MS);
  const { session, transport } = speakerOf(of);
  const never = new Promise<never>(() => {});
  transport.send = () => never;
  transport.close = () => never;
  await hear(of, eventOf("whoami"));
  const stopping = session.stop();
  await of.mesh.clock.pass(60_000);
  await expect(stopping).resolves.toBeUndefined();
  expect(of.mesh.view().chat.leases.get("fake/main")?.released).toBe(true);
});

// ── commands ────────────────────────────────────────────────────────────────────────────────────────────────────────

test("a fault of this program while a command is carried out costs that command", async () => {
  for (const at of ["decide", "read"] as const) {
    const of = stand(["alice"]);
    await of.mesh.clock.pass(SETTLED_MS);
    const { desk } = speakerOf(of);
    const keep = desk[at];
    desk[at] = () => {
      throw new Error("a bug");
    };
    const bad = eventOf(at === "decide" ? "start #0123" : "list");
    await hear(of, bad);
    await of.mesh.clock.pass(2_000);
    expect(settledAs(of, bad)).toBe("refused");
    expect(textsOf(of)).toEqual(["Something went wrong with that in me. I did nothing."]);
    Object.assign(desk, { [at]: keep });
    const good = eventOf("start #0123");
    await hear(of, good);
    await of.mesh.clock.pass(2_000);
    expect(settledAs(of, good)).toBe("done");
  }
});

test("an item that moved between the click and the write is left alone", async () => {
  const of = stand(["alice"]);
  await of.mesh.clock.pass(SETTLED_MS);
  const { desk } = speakerOf(of);
  const best = (): string => of.mesh.view().items.get(ITEM)?.best?.id ?? "";
  const event = eventOf(`stop:${ITEM}:${best().slice(0, 16)}`, { type: "button" });
  await hear(of, eventOf("start #0123"));
  await of.mesh.clock.pass(2_000);
  const click = { ...event, text: `stop:${ITEM}:${best().slice(0, 16)}` };
  const { write } = desk;
  let isFirst = true;
  desk.write = (decide) => {
    // Another node's op gets in between.
    const isSettle = isFirst && of.mesh.view().chat.waiting.size > 0;
    if (isSettle) {
      isFirst = false;
      of.mesh.write({ entity: ITEM, on: best(), body: { kind: "item.claim", ttl: 60_000 } });
    }
    return write(decide);
  };
  await hear(of, click);
  await of.mesh.clock.pass(2_000);
  expect(isFirst).toBe(false);
  expect(settledAs(of, click)).toBe("refused");
  expect(plainText(of.mesh.view().chat.commands.get(commandId(click))?.settled?.reply ?? [])).toContain(
    "for how it stood before",
  );
});

test("a long list of anything becomes an answer that an op can hold", async () => {
  const of = stand(["alice"]);
  await of.mesh.clock.pass(SETTLED_MS);
  const { desk } = speakerOf(of);
  const long = "€".repeat(4_000);
  desk.read = () =>
    Promise.resolve({
      ok: true,
      value: Array.from({ length: 900 }, () => ({ name: long, role: "owner", alive: true })),
    });
  const event = eventOf("nodes");
  await hear(of, event);
  await of.mesh.clock.pass(5_000);
  expect(settledAs(of, event)).toBe("done");
  expect(of.platform.posted.length).toBeGreaterThan(0);
});
