/** What is said once, whatever becomes of the send: doubts, pauses, refusals, and marks that come late. */
import { expect, test } from "vitest";

import type { Due } from "./due.ts";
import { createOutbox } from "./outbox.ts";
import { createMeshDouble, createPlatformDouble, createTransportDouble } from "./testing/index.ts";
import {
  hear,
  ITEM,
  otherThan,
  SETTLED_MS,
  speakerOf,
  stand,
  type Stand,
  TAKEN_OVER_MS,
  textsOf,
} from "./testing/session-stand.ts";
import { eventOf, receiveDraft, ROOM, settleDraft } from "./testing/rooms.ts";

const now = (of: Stand): { readonly atMs: number } => ({ atMs: of.mesh.clock.wallMs() });

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
  await hear(of, eventOf("start #0123", now(of)));
  await of.mesh.clock.pass(130_000);
  expect(of.places[0]?.transport.sends).toHaveLength(1);
  expect(of.places[0]?.desk.incidents.join()).toContain("was sent is not known");
  expect([...of.mesh.view().chat.sent.values()].map(({ result }) => result)).toEqual(["failed"]);
});

test("where the platform cannot be asked at all, the room goes on behind an answer that nobody heard of", async () => {
  const of = stand(["alice"], {}, { idempotency: "reconcile" });
  await of.mesh.clock.pass(SETTLED_MS);
  delete of.places[0]?.transport.find;
  of.platform.next.push("dropped");
  await hear(of, eventOf("start #0123"));
  await of.mesh.clock.pass(2_000);
  await hear(of, eventOf("hold #0123"));
  await of.mesh.clock.pass(5_000);
  expect(textsOf(of)).toEqual([expect.stringContaining("hold")]);
  expect(new Set(of.places[0]?.transport.sends).size).toBe(2);
  await of.mesh.clock.pass(130_000);
  expect(of.places[0]?.transport.sends).toHaveLength(2);
  expect([...of.mesh.view().chat.sent.values()].map(({ result }) => result).toSorted()).toEqual(["failed", "sent"]);
});

test("whoever takes over looks for every answer that may be out already, also for those that had to wait", async () => {
  const of = stand(["alice", "bob"], {}, { idempotency: "reconcile" });
  await of.mesh.clock.pass(SETTLED_MS);
  const first = speakerOf(of);
  const next = otherThan(of, first);
  // Two answers go out, and the disk refuses to keep that they did; then the node dies.
  first.desk.refuses = (kind) => kind === "chat.sent";
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

test("a card that the speaker before sent is found, and says what is true now", async () => {
  const rooms = [{ id: ROOM, role: "operator", guests: "none", notices: "stages" }] as const;
  const of = stand(["alice", "bob"], { rooms }, { idempotency: "reconcile" });
  await of.mesh.clock.pass(SETTLED_MS);
  const first = speakerOf(of);
  first.desk.refuses = (kind) => kind === "chat.sent";
  await hear(of, eventOf("start #0123", now(of)));
  await of.mesh.clock.pass(3_000);
  const posted = of.platform.posted.filter(({ message }) => message.quotes === null);
  expect(posted.map(({ text }) => text)).toEqual([expect.stringContaining("Coding")]);
  first.kill();
  const on = of.mesh.view().items.get(ITEM)?.best?.id ?? "";
  const body = { kind: "item.set", field: "title", value: "Say goodbye" } as const;
  await otherThan(of, first).desk.write(() => ({ ok: true, value: [{ entity: ITEM, on, body }] }));
  await of.mesh.clock.pass(TAKEN_OVER_MS);
  expect(of.platform.edits.at(-1)?.[1]).toContain("Say goodbye");
});

test("an answer that another node decided, or this one in a life before, is looked for before it is said", async () => {
  const of = stand(["alice", "bob"], {}, { idempotency: "reconcile" });
  await of.mesh.clock.pass(SETTLED_MS);
  let looks = 0;
  of.platform.onFind = () => {
    looks++;
  };
  await hear(of, eventOf("whoami", now(of)));
  await of.mesh.clock.pass(2_000);
  expect(looks).toBe(0);
  // As after a partition: what the other one did comes in piece by piece, and what it said is in the room already.
  const event = eventOf("whoami", now(of));
  const reply = [{ text: "You are ada.", style: "plain" as const }];
  const value = [receiveDraft(event), settleDraft(event, { reply })];
  await otherThan(of, speakerOf(of)).desk.write(() => ({ ok: true, value }));
  await of.mesh.clock.pass(2_000);
  expect(looks).toBe(1);
  // As after a damaged log: what this node wrote in a life before comes back from the others.
  const early = eventOf("whoami", now(of));
  const returned = [receiveDraft(early), settleDraft(early, { reply })];
  await speakerOf(of).desk.write(() => ({ ok: true, value: returned }));
  await of.mesh.clock.pass(2_000);
  expect(looks).toBe(2);
});

test("what was said before this node spoke may have been answered by somebody who is not heard of: it is looked for", async () => {
  const of = stand(["alice"], {}, { idempotency: "reconcile" });
  await of.mesh.clock.pass(SETTLED_MS);
  let looks = 0;
  of.platform.onFind = () => {
    looks++;
  };
  await hear(of, eventOf("whoami", { atMs: of.mesh.clock.wallMs() - 2 * SETTLED_MS }));
  await of.mesh.clock.pass(2_000);
  await hear(of, eventOf("whoami", now(of)));
  await of.mesh.clock.pass(2_000);
  expect([looks, textsOf(of).length]).toEqual([1, 2]);
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

test("a mark that the disk refused is written later, and the message is not sent again", async () => {
  const of = stand(["alice"]);
  await of.mesh.clock.pass(SETTLED_MS);
  const [place] = of.places;
  if (place === undefined) throw new Error("one stands here");
  let refusals = 2;
  place.desk.refuses = (kind) => kind === "chat.sent" && refusals-- > 0;
  await hear(of, eventOf("whoami"));
  await of.mesh.clock.pass(10_000);
  expect(place.transport.sends).toHaveLength(1);
  expect(of.mesh.view().chat.sent.size).toBe(1);
  expect([...of.mesh.view().chat.unanswered]).toEqual([]);
});

test("a node that comes back looks for what it may have said in its life before, and only for that", async () => {
  const mesh = createMeshDouble();
  const desk = mesh.desk("alice");
  const platform = createPlatformDouble({ idempotency: "reconcile" });
  const transport = createTransportDouble("fake", "main", platform);
  let looks = 0;
  platform.onFind = () => {
    looks++;
  };
  const dueOf = (digit: string): Due => {
    const key = digit.repeat(64);
    const mark = { key, account: "fake/main", room: "!r", purpose: "notice", item: "", about: "x" } as const;
    const places = { room: "!r", thread: null, threadTitle: "", quotes: null, onlyFor: null, lastInboundMs: null };
    return { sinceMs: 0, mark, message: { key, ...places, body: [{ text: digit, style: "plain" }], buttons: [] } };
  };
  const all = [dueOf("1"), dueOf("2")];
  const due = (): readonly Due[] => all.filter(({ mark }) => !mesh.view().chat.sent.has(mark.key));
  const log = (): void => undefined;
  const own = { isOwn: () => true, mayAct: () => true, onSent: () => undefined };
  const outbox = createOutbox({ account: "fake/main", transport, desk, clock: mesh.clock, log, due, ...own });
  const poke = async (): Promise<void> => {
    outbox.poke();
    await mesh.clock.rest();
  };
  await poke();
  expect([looks, platform.posted.length]).toEqual([2, 2]);
  all.push(dueOf("3"));
  await poke();
  expect([looks, platform.posted.length]).toEqual([2, 3]);
  all.push(dueOf("4"));
  outbox.tookOver();
  await poke();
  expect([looks, platform.posted.length]).toEqual([3, 4]);
});

test("a mark that is written and does not count sends nothing again", async () => {
  const of = stand(["alice"], {}, { idempotency: "reconcile" });
  await of.mesh.clock.pass(SETTLED_MS);
  const [place] = of.places;
  if (place === undefined) throw new Error("one stands here");
  const write = place.desk.write.bind(place.desk);
  // As after a fork of this node's feed, until it writes under a new incarnation.
  let isForked = true;
  place.desk.write = async (judge) =>
    write(() => {
      const decided = judge();
      const isMark = decided.ok && decided.value.some(({ body }) => body.kind === "chat.sent");
      return isForked && isMark ? { ok: true, value: [] } : decided;
    });
  await hear(of, eventOf("whoami"));
  await of.mesh.clock.pass(10_000);
  expect(of.platform.posted).toHaveLength(1);
  isForked = false;
  await of.mesh.clock.pass(3_000);
  expect([of.platform.posted.length, of.mesh.view().chat.sent.size]).toEqual([1, 1]);
});
