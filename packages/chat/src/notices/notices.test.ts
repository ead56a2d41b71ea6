/** What rooms and people are told by themselves: when, how loudly, once, and what is left unsaid with its reason. */
import type { OpBody } from "@skein/core";
import { expect, test } from "vitest";

import { commandId, eventOf, ROOM } from "../testing/rooms.ts";
import {
  hear,
  ITEM,
  SETTLED_MS,
  speakerOf,
  stand,
  type Stand,
  TAKEN_OVER_MS,
  textsOf,
} from "../testing/session-stand.ts";
import type { InboundEvent } from "../transport.ts";

const MINUTE_MS = 60_000;
const room = (notices: "nothing" | "important" | "stages" | "everything") =>
  ({ rooms: [{ id: ROOM, role: "operator", guests: "none", notices }] }) as const;

/** The clock of the tests begins at 14:13 UTC. */
async function standing(names: readonly string[], notices: Parameters<typeof room>[0]): Promise<Stand> {
  const of = stand(names, room(notices), { threads: false });
  await of.mesh.clock.pass(SETTLED_MS);
  return of;
}

async function say(of: Stand, text: string, more: Partial<InboundEvent> = {}): Promise<InboundEvent> {
  const event = eventOf(text, { atMs: of.mesh.clock.wallMs(), ...more });
  await hear(of, event);
  await of.mesh.clock.pass(3_000);
  return event;
}

/** What was said by itself: no replies. */
const told = (of: Stand): readonly string[] =>
  of.platform.posted.filter(({ message }) => message.quotes === null).map(({ text }) => text);

const marks = (of: Stand): readonly string[] =>
  [...of.mesh.view().chat.sent.values()]
    .filter(({ purpose }) => purpose === "notice")
    .map(({ result, reason }) => `${result} ${reason}`.trim());

test.each([
  ["nothing", 0],
  ["important", 0],
  ["stages", 2],
] as const)("a room that hears %s hears of a start with %i messages", async (notices, count) => {
  const of = await standing(["alice"], notices);
  await say(of, "start #0123");
  expect(told(of)).toHaveLength(count);
});

test("a room says how much it wants to hear, and the item that it mutes is silent", async () => {
  const of = await standing(["alice"], "nothing");
  await say(of, "tell stages");
  await say(of, "mute #0123");
  await say(of, "start #0123");
  expect(told(of)).toEqual([]);
  await say(of, "subscribe #0123");
  await say(of, "stop #0123");
  await say(of, "start #0123");
  expect(told(of).length).toBeGreaterThan(0);
});

test("a room that is let in with all others is told nothing until it asks, and then it is", async () => {
  const of = stand(
    ["alice"],
    { rooms: [{ id: "*", role: "operator", guests: "none", notices: "stages" }] },
    { threads: false },
  );
  await of.mesh.clock.pass(SETTLED_MS);
  await say(of, "start #0123");
  expect(told(of)).toEqual([]);
  await say(of, "tell stages");
  await say(of, "stop #0123");
  await say(of, "start #0123");
  expect(told(of).length).toBeGreaterThan(0);
});

test("what kept an attempt from working and is nobody's fault is told once, as important", async () => {
  const of = await standing(["alice"], "important");
  const giveBack = async (reason: "infrastructure" | "gate-failed", note: string): Promise<void> => {
    const on = of.mesh.view().items.get(ITEM)?.best?.id ?? "";
    const body = { kind: "item.sendBack" as const, reason, note, progress: false, evidence: [] };
    await speakerOf(of).desk.write(() => ({ ok: true, value: [{ entity: ITEM, on, body }] }));
    await of.mesh.clock.pass(3_000);
  };
  await say(of, "start #0123");
  await giveBack("gate-failed", "The gate is red.");
  expect(told(of)).toEqual([]);
  await giveBack("infrastructure", "The agent's provider has cut it off:\u0007 usage limit.");
  expect(told(of)).toEqual([expect.stringContaining("usage limit")]);
  await giveBack("infrastructure", "The agent's provider has cut it off:\u0007 usage limit.");
  expect(told(of)).toHaveLength(1);
});

/** The item in Qa with a green gate, held by nobody. */
async function waiting(of: Stand, tip: string): Promise<void> {
  const { mesh } = of;
  const head = (): string => mesh.view().items.get(ITEM)?.best?.id ?? "";
  const write = (body: OpBody): void => mesh.write({ entity: ITEM, on: head(), body });
  const state = mesh.view().items.get(ITEM)?.best?.state;
  if (state?.stage.stage === "Backlog") write({ kind: "item.start" });
  write({ kind: "item.claim", ttl: 1_000 });
  const epoch = mesh.view().items.get(ITEM)?.best?.state.epoch ?? 0;
  const [commit, tree] = [tip.repeat(40), tip.repeat(40)];
  write({
    kind: "item.submit",
    feature: { featureBranch: `skein/${ITEM}/${epoch}`, tip: commit, tree, commitsAhead: 1 },
  });
  write({ kind: "item.attest", tip: commit, base: "0".repeat(40), evidence: { tree, runs: [] } });
  write({ kind: "item.release", note: "It waits to be approved or rejected by a person." });
  await mesh.clock.pass(3_000);
}

test("a room hears once that an item waits for somebody to approve it, may say so there, and hears of the next branch", async () => {
  const of = await standing(["alice", "bob"], "important");
  of.mesh.project.qa = { mode: "human", witnesses: 0, fourEyes: false };
  await waiting(of, "a");
  const asked = (): readonly string[] => told(of).filter((text) => text.startsWith("Waits for a person"));
  expect(asked()).toEqual([
    "Waits for a person #012345 Say hello: somebody has to approve or reject it.\nSay approve #012345, reject #012345 …",
  ]);
  await of.mesh.clock.pass(10 * MINUTE_MS);
  expect(asked()).toHaveLength(1);
  await say(of, "reject #0123 Not like this.");
  await waiting(of, "b");
  expect(asked()).toHaveLength(2);
  const button = of.platform.posted
    .flatMap(({ message }) => message.buttons)
    .findLast(({ label }) => label === "Approve");
  await say(of, button?.value ?? "", { type: "button" });
  expect(of.mesh.view().items.get(ITEM)?.annotations.approvals).toMatchObject([
    { tip: "b".repeat(40), by: "fake:ada" },
  ]);
});

test("while it is quiet nobody is asked to approve anything, and afterwards they are, in the room's language", async () => {
  const of = await standing(["alice"], "important");
  of.mesh.project.qa = { mode: "human", witnesses: 0, fourEyes: true };
  await say(of, "language de");
  await say(of, "quiet 14:00-14:30");
  await waiting(of, "a");
  const asked = (): readonly string[] => told(of).filter((text) => text.startsWith("Wartet auf einen Menschen"));
  expect(asked()).toEqual([]);
  await of.mesh.clock.pass(30 * MINUTE_MS);
  expect(asked()).toEqual([expect.stringContaining("muss es annehmen oder ablehnen.")]);
});

test("what one cap stops is told once, with the way out of it", async () => {
  const of = await standing(["alice"], "important");
  of.mesh.project.unpaid = "today's work has $2.00 of $2.00 spent or set aside. It goes on tomorrow (UTC)";
  await say(of, "start #0123");
  expect(told(of)).toEqual([
    "Waits for money #012345 Say hello: today's work has $2.00 of $2.00 spent or set aside. It goes on tomorrow (UTC).",
  ]);
  await say(of, "stop #0123");
  of.mesh.project.unpaid = "today's work has $2.10 of $2.00 spent or set aside. It goes on tomorrow (UTC)";
  await say(of, "start #0123");
  expect(told(of)).toHaveLength(1);
});

test("a person is told alone, where they were last spoken with, of what they subscribed to", async () => {
  const of = await standing(["alice"], "nothing");
  await say(of, "subscribe #0123", { direct: true, room: "@ada" });
  await say(of, "start #0123");
  const alone = of.platform.posted.filter(({ message, room: where }) => where === "@ada" && message.quotes === null);
  expect(alone.map(({ text }) => text)).toEqual([expect.stringContaining("Say hello Coding")]);
});

test("in quiet hours nothing is said, and afterwards one message says what happened", async () => {
  const of = await standing(["alice"], "stages");
  await say(of, "quiet 14:00-15:00");
  await say(of, "start #0123");
  await of.mesh.clock.pass(30 * MINUTE_MS);
  expect(told(of).filter((text) => !text.startsWith("○"))).toEqual([]);
  await of.mesh.clock.pass(30 * MINUTE_MS);
  expect(told(of).filter((text) => text.startsWith("While it was quiet here"))).toEqual([
    expect.stringContaining("Say hello"),
  ]);
});

test("a digest is sent once for its window, also when its sender dies and another one takes over", async () => {
  const of = await standing(["alice", "bob"], "stages");
  await say(of, "digest 1h");
  await say(of, "language de");
  await say(of, "start #0123");
  await of.mesh.clock.pass(45 * MINUTE_MS);
  const digests = (): readonly string[] => told(of).filter((text) => text.startsWith("Seit "));
  expect(digests()).toEqual([]);
  const speaker = speakerOf(of);
  await of.mesh.clock.pass(2 * MINUTE_MS);
  expect(digests()).toHaveLength(1);
  speaker.kill();
  await of.mesh.clock.pass(TAKEN_OVER_MS + 5 * MINUTE_MS);
  expect(speakerOf({ ...of, places: of.places.filter((one) => one !== speaker) })).toBeDefined();
  expect(digests()).toHaveLength(1);
});

test("the same news is not repeated within five minutes, and the log says why", async () => {
  const of = await standing(["alice"], "everything");
  await say(of, "hold #0123 wait");
  await say(of, "start #0123");
  const first = marks(of).filter((one) => one === "sent").length;
  await say(of, "unhold #0123");
  await say(of, "hold #0123 wait again");
  expect(marks(of).filter((one) => one === "sent")).toHaveLength(first);
  expect(marks(of)).toContainEqual(expect.stringMatching(/^suppressed said \d+ s before$/));
});

test("a reminder is said once when it is due, in the room's language, and one that was cancelled is not", async () => {
  const of = await standing(["alice"], "nothing");
  await say(of, "language de");
  await say(of, "remind 20m look at it");
  const cancelled = await say(of, "remind 20m not this");
  await say(of, `forget ${commandId(cancelled).slice(0, 6)}`);
  await of.mesh.clock.pass(19 * MINUTE_MS);
  expect(told(of)).toEqual([]);
  await of.mesh.clock.pass(10 * MINUTE_MS);
  expect(told(of)).toEqual(["Du wolltest erinnert werden: look at it"]);
});

// ── what is kept up to date ─────────────────────────────────────────────────────────────────────────────────────────

test("a card shows how the item stands, also when it stands again as it stood before", async () => {
  const of = await standing(["alice"], "stages");
  await say(of, "start #0123");
  const card = of.platform.posted.find(({ message }) => message.buttons.length > 0);
  const shown = (): string | undefined =>
    of.platform.edits.findLast(([message]) => message === card?.id)?.[1] ?? card?.text;
  const running = shown();
  await say(of, "hold #0123 wait");
  expect(shown()).toContain("wait");
  await say(of, "unhold #0123");
  expect(shown()).toBe(running);
  await say(of, "hold #0123 wait");
  expect(shown()).toContain("wait");
  await say(of, "unhold #0123");
  expect(shown()).toBe(running);
});

test("a card of an item that went back to the Backlog says so", async () => {
  const of = await standing(["alice"], "stages");
  await say(of, "start #0123");
  await say(of, "stop #0123");
  expect(of.platform.edits.at(-1)?.[1]).toContain("Backlog");
});

test("a live view follows the board for ten minutes, in one message", async () => {
  const of = await standing(["alice"], "nothing");
  await say(of, "status --live");
  const count = textsOf(of).length;
  of.mesh.write({ entity: ITEM, on: of.mesh.view().items.get(ITEM)?.best?.id ?? "", body: { kind: "item.start" } });
  await of.mesh.clock.pass(5_000);
  expect(of.platform.edits.map(([, text]) => text)).toEqual([expect.stringContaining("Coding 1")]);
  await of.mesh.clock.pass(11 * MINUTE_MS);
  await say(of, "stop #0123");
  expect(of.platform.edits).toHaveLength(1);
  expect(textsOf(of)).toHaveLength(count + 1);
});

test("a room hears once that a day's budget is nearly gone, and once that it is gone", async () => {
  const of = await standing(["alice", "bob"], "important");
  const { mesh } = of;
  const [self = ""] = mesh.view().membership.members.keys();
  const day = new Date(mesh.clock.wallMs()).toISOString().slice(0, 10);
  const head = (): string => mesh.view().items.get(ITEM)?.best?.id ?? "";
  const write = (entity: string, on: string | null, body: OpBody): void => mesh.write({ entity, on, body });
  write("mesh", null, { kind: "budget.set", from: day, microUsd: [10_000_000], shares: new Map([[self, 1]]) });
  write(ITEM, head(), { kind: "item.start" });
  write(ITEM, head(), { kind: "item.claim", ttl: 1_000 });
  const claim = head();
  const spend = async (dollars: number, reserved = 0): Promise<readonly string[]> => {
    const models = new Map([["", new Map([["microUsd", dollars * 1_000_000]])]]);
    write(ITEM, claim, { kind: "item.spend", day, agent: "acp", models, reserved: reserved * 1_000_000 });
    await mesh.clock.pass(10_000);
    return told(of).filter((text) => text.includes("budget"));
  };
  expect(await spend(7)).toEqual([]);
  expect(await spend(7, 1)).toEqual(["$ $8.00 of today's budget of $10.00 is spent or set aside."]);
  expect(await spend(9)).toHaveLength(1);
  expect((await spend(10)).at(-1)).toBe("$ $10.00 of today's budget of $10.00 is spent or set aside.");
  expect(await spend(11)).toHaveLength(2);
});
