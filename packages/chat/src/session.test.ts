/** One account on several nodes: who speaks, and what a sleep, a full disk or a fault of the transport costs. */
import { expect, test } from "vitest";

import {
  hear,
  otherThan,
  SETTLED_MS,
  settledAs,
  speakerOf,
  stageOf,
  stand,
  TAKEN_OVER_MS,
  textsOf,
} from "./testing/session-stand.ts";
import { chatDraft, eventOf, receiveDraft } from "./testing/rooms.ts";

// ── who speaks ──────────────────────────────────────────────────────────────────────────────────────────────────────

test("of several nodes one opens the way in, carries out a command and answers it", async () => {
  const of = stand(["alice", "bob", "carol"]);
  await of.mesh.clock.pass(SETTLED_MS);
  expect(of.places.map(({ transport }) => transport.opened()).filter((times) => times > 0)).toEqual([1]);
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
  of.mesh.write(receiveDraft(event));
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

// ── the disk ────────────────────────────────────────────────────────────────────────────────────────────────────────

test("while the disk refuses nothing is acknowledged, and nothing that was is lost", async () => {
  const of = stand(["alice"]);
  await of.mesh.clock.pass(SETTLED_MS);
  const [place] = of.places;
  if (place === undefined) throw new Error("one stands here");
  const kept = eventOf("start #0123");
  of.platform.next.push({ type: "retry", afterMs: 500, reason: "busy", scope: "account" });
  await hear(of, kept);
  const ingress = place.transport.ingress();
  place.desk.failure = "disk full";
  const refused = await ingress.receive([eventOf("hold #0123")]);
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

test("an account speaks from when the platform has let it in, not from when it knows where to begin", async () => {
  const of = stand(["alice"]);
  await of.mesh.clock.pass(SETTLED_MS);
  const { session, transport } = speakerOf(of);
  transport.ingress().moved("s1");
  expect(session.state().state).toBe("connects");
  transport.ingress().connected();
  expect(session.state().state).toBe("speaks");
});

test("a trouble that passed is not told for ever", async () => {
  const of = stand(["alice"]);
  await of.mesh.clock.pass(SETTLED_MS);
  const { session, transport } = speakerOf(of);
  transport.ingress().trouble({ severity: "passing", message: "The platform is down." });
  expect(session.state().trouble).toBe("The platform is down.");
  transport.ingress().moved("s1");
  expect(session.state().trouble).toBeUndefined();
  transport.ingress().trouble({ severity: "passing", message: "The platform is down." });
  transport.ingress().connected();
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
