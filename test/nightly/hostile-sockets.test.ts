/**
 * A thousand strangers and a handful of hostile members at one node of a pair: the pair goes on, the node's memory does
 * not grow with them, and they are gone when their time is up. What it costs in latency is measured by bench/hostile.mjs.
 */
import { readFileSync } from "node:fs";
import { LIMITS } from "@skein/core";
import { expect, test } from "vitest";

import { dialAs, FLOODS, type HostileMember, joinWith, openStranger, STRANGERS } from "../../bench/attacks.mjs";
import { startMesh, waitForEqualDigests } from "../support/mesh.ts";
import type { NodeProcess } from "../support/node-process.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";

const world = useWorld();
const SOCKETS = 1_000;
const MIB = 2 ** 20;
const RSS_GROWTH = 100 * MIB;
const OPS = 8_000;

function rssOf({ pid }: NodeProcess): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  if (kib === undefined) throw new Error("the process has no memory");
  return Number(kib) * 1_024;
}

/** One op in each direction, seen by the other one. */
async function expectSync(one: NodeProcess, other: NodeProcess, word: string): Promise<void> {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    const { id } = await from.api.addItem({ title: `${word} from ${from.name}` });
    await waitFor(`${to.name} to have what ${from.name} wrote`, () => to.api.item(id));
  }
}

const linked = async (one: NodeProcess, other: NodeProcess): Promise<boolean> =>
  (await one.api.nodes()).some((node) => node.name === other.name && node.linked && node.alive);

test("a thousand sockets that prove nothing are gone in time, and an honest pair goes on meanwhile", async () => {
  const [alice, bob] = await startMesh(world, { names: ["alice", "bob"], each: () => ({ slots: 0 }) });
  await expectSync(alice, bob, "Before");
  const before = rssOf(alice);
  const strangers = Array.from({ length: SOCKETS }, (_, place) =>
    openStranger(STRANGERS[place % STRANGERS.length] ?? "silent", alice.endpoints.peer),
  );
  let most = before;
  const openedAt = performance.now();
  while (strangers.some((stranger) => stranger.livedMs() === undefined)) {
    await expectSync(alice, bob, "Meanwhile");
    most = Math.max(most, rssOf(alice));
    // That it is the handshake's time is shown by before-proof.test.ts, on a clock that no busy machine slows down.
    if (performance.now() - openedAt > 10 * LIMITS.handshakeMs) break;
  }
  const left = strangers.filter((stranger) => stranger.livedMs() === undefined).map(({ kind }) => kind);
  expect(left).toEqual([]);
  expect(most - before).toBeLessThan(RSS_GROWTH);
  expect(alice.isRunning()).toBe(true);
  expect(await linked(alice, bob)).toBe(true);
  const { incidents } = await alice.api.doctor();
  expect(incidents.filter(({ subject }) => subject === "bob")).toEqual([]);
  await waitForEqualDigests([alice, bob]);
});

interface Flooder {
  readonly name: string;
  readonly flood: string;
  readonly member: HostileMember;
}

async function enlist(host: NodeProcess): Promise<readonly Flooder[]> {
  const flooders: Flooder[] = [];
  for (const flood of Object.keys(FLOODS)) {
    const name = `mallory-${flooders.length}`;
    const { ticket } = await host.api.invite("operator");
    const member = await joinWith({ url: host.endpoints.peer, ticket, name });
    expect(member.isProved(), flood).toBe(true);
    flooders.push({ name, flood, member });
  }
  return flooders;
}

test("members that flood with junk, gaps, duplicates and questions are held back and named, and nobody else is", async () => {
  const [alice, bob] = await startMesh(world, { names: ["alice2", "bob2"], each: () => ({ slots: 0 }) });
  await expectSync(alice, bob, "Before");
  const flooders = await enlist(alice);
  const before = rssOf(alice);
  let most = before;
  const floods = flooders.map(({ flood, member }) => FLOODS[flood]?.(member, OPS));
  const all = Promise.all(floods).then(() => true);
  const isOver = (): Promise<boolean> => Promise.race([all, Promise.resolve(false)]);
  while (!(await isOver())) {
    await expectSync(alice, bob, "Meanwhile");
    most = Math.max(most, rssOf(alice));
  }
  await expectSync(alice, bob, "After");
  expect(most - before).toBeLessThan(RSS_GROWTH);
  const { incidents } = await alice.api.doctor();
  const named = (type: string): readonly string[] =>
    incidents.filter((incident) => incident.type === type).map(({ subject }) => subject);
  const nameOf = (flood: string): string => flooders.find((one) => one.flood === flood)?.name ?? flood;
  expect(named("link-bad-frame")).toEqual(expect.arrayContaining([nameOf("junk signatures"), nameOf("gaps")]));
  expect([...named("link-too-slow"), ...named("link-over-budget")]).toContain(nameOf("wants and no reading"));
  // Duplicates may be an honest peer's, which only passes on what others sent it: slowed down, not cut.
  expect(flooders.find(({ flood }) => flood === "duplicates")?.member.refusal()).toBeUndefined();
  expect(incidents.filter(({ subject }) => subject === bob.name)).toEqual([]);
  expect(await linked(alice, bob)).toBe(true);
  await waitForEqualDigests([alice, bob]);
  for (const { member } of flooders) member.close();
});

test("a member that comes back with junk again and again is kept out for a while, and is let in later", async () => {
  const [alice, bob] = await startMesh(world, { names: ["alice3", "bob3"], each: () => ({ slots: 0 }) });
  const { ticket } = await alice.api.invite("operator");
  const name = "mallory";
  const first = await joinWith({ url: alice.endpoints.peer, ticket, name });
  const { identity, mesh } = first;
  const refusals: (string | undefined)[] = [];
  let member = first;
  while (refusals.at(-1) !== "over-budget" && refusals.length < 20) {
    await FLOODS["junk signatures"]?.(member, 100);
    await waitFor("the link to end", () => member.isClosed());
    refusals.push(member.refusal());
    member = await dialAs({ url: alice.endpoints.peer, identity, name, mesh });
    if (member.refusal() !== undefined) refusals.push(member.refusal());
  }
  expect(refusals.slice(0, -1)).toContain("bad-frame");
  expect(refusals.at(-1)).toBe("over-budget");
  const { incidents } = await alice.api.doctor();
  expect(incidents.filter(({ type }) => type === "link-over-budget").map(({ subject }) => subject)).toEqual([name]);
  await expectSync(alice, bob, "Meanwhile");
  await waitFor(
    "the member to be let in again",
    async () => {
      const again = await dialAs({ url: alice.endpoints.peer, identity, name, mesh });
      // The refusal comes right after the proof, an announcement when there is none.
      await new Promise((resolve) => setTimeout(resolve, 200));
      const stays = !again.isClosed() && again.refusal() === undefined;
      again.close();
      return stays;
    },
    { withinMs: 60_000, everyMs: 1_000 },
  );
});
