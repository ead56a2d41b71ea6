/**
 * The fleet's budget under partitions, lost, doubled and reordered frames, crashes, gifts at the same time, and one member
 * that gives away what it does not have: what honest members have spent of a day is never more than its cap.
 */
import { fromHex, planGift, type Rights, rightsOn } from "@skein/core";
import { expect, test } from "vitest";

import {
  createMesh,
  deliverOne,
  digest,
  exchange,
  exchangeAll,
  forSeeds,
  heal,
  type Mesh,
  type Node,
  partition,
  writeDrafts,
} from "./mesh.ts";

const DAY = "2026-11-21";
const CAP = 20_000_000;
const NEED = 2_000_000;
const ITEMS = 30;
/** Agents and higher roles have their places here. The founder is one of them, the last one lies. */
const WORKERS = [0, 1, 2, 3, 4] as const;
const LIAR = 4;

interface Attempt {
  readonly node: Node;
  readonly item: string;
  readonly claim: string;
}

interface Fleet {
  readonly mesh: Mesh;
  readonly items: string[];
  readonly running: Attempt[];
  /** What honest members have really spent, told or not. */
  spent: number;
}

const nodeAt = (mesh: Mesh, place: number): Node => {
  const node = mesh.nodes[place];
  if (node === undefined) throw new Error(`there is no node ${place}`);
  return node;
};

function fleetOf(seed: number): Fleet {
  const mesh = createMesh({ seed, size: 6 });
  const shares = new Map(WORKERS.map((place) => [nodeAt(mesh, place).id, 1 + mesh.prng.int(3)]));
  const founder = nodeAt(mesh, 0);
  const items = Array.from({ length: ITEMS }, (_, at) => `item${String(at).padStart(8, "0")}`);
  const born = { title: "t", text: "", type: "story", priority: 5, labels: [], dependsOn: [] } as const;
  writeDrafts(mesh, founder, [
    { entity: "mesh", on: null, body: { kind: "budget.set", from: DAY, microUsd: [CAP], shares } },
  ]);
  for (const entity of items) {
    writeDrafts(mesh, founder, [
      { entity, on: null, body: { kind: "item.create", ...born } },
      { entity, on: { draft: 0 }, body: { kind: "item.start" } },
    ]);
  }
  exchangeAll(mesh);
  return { mesh, items, running: [], spent: 0 };
}

function rightsAt({ replica }: Node): ReadonlyMap<string, Rights> {
  const rights = rightsOn(replica.view(), DAY);
  if (rights === undefined) throw new Error("a budget is in force");
  return rights;
}

const leftOf = (node: Node): number => rightsAt(node).get(node.id)?.left ?? 0;

const spendBody = (microUsd: number | undefined, reserved: number) =>
  ({
    kind: "item.spend",
    day: DAY,
    agent: "acp big",
    models: microUsd === undefined ? new Map() : new Map([["big", new Map([["microUsd", microUsd]])]]),
    reserved,
  }) as const;

/** As a node does it: the claim and what is set aside for it are one write. */
function begin({ mesh, items, running }: Fleet, node: Node): void {
  if (leftOf(node) < NEED) return;
  const item = items.pop();
  const head = node.replica.view().items.get(item ?? "")?.best?.id;
  if (item === undefined || head === undefined) return;
  writeDrafts(mesh, node, [
    { entity: item, on: head, body: { kind: "item.claim", ttl: 1_000 } },
    { entity: item, on: { draft: 0 }, body: spendBody(undefined, NEED) },
  ]);
  running.push({ node, item, claim: node.replica.view().items.get(item)?.best?.id ?? "" });
}

/** It ends and tells what it has cost; or it tells nothing, because nobody knows or its node died. */
function end(fleet: Fleet): void {
  const [attempt] = fleet.running.splice(fleet.mesh.prng.int(Math.max(1, fleet.running.length)), 1);
  if (attempt === undefined) return;
  const { node, item, claim } = attempt;
  const cost = fleet.mesh.prng.int(NEED + 1);
  fleet.spent += cost;
  const tells = fleet.mesh.prng.int(4) > 0;
  if (tells) writeDrafts(fleet.mesh, node, [{ entity: item, on: claim, body: spendBody(cost, 0) }]);
}

/** Some say that they are short, whether they are or not; somebody may give, as it plans to or any part of what it has. */
function give(fleet: Fleet, node: Node): void {
  const { mesh } = fleet;
  const { prng } = mesh;
  const others = WORKERS.map((place) => nodeAt(mesh, place).id).filter((id) => id !== node.id);
  const short = new Set(others.filter(() => prng.chance(0.4)));
  const saved = prng.pick([0, NEED]);
  const input = {
    rights: rightsAt(node),
    self: node.id,
    short,
    alive: new Set([node.id, ...others]),
    need: NEED,
    saved,
  };
  const left = leftOf(node);
  const gift = prng.chance(0.6)
    ? planGift(input)
    : { to: prng.pick(others), microUsd: prng.int(Math.max(1, left + 1)) };
  if (gift === undefined || gift.microUsd === 0) return;
  expect(gift.microUsd).toBeLessThanOrEqual(left);
  transfer(fleet, node, gift.to, gift.microUsd);
}

function transfer({ mesh }: Fleet, node: Node, member: string, microUsd: number): void {
  const to = fromHex(member);
  if (to === undefined) throw new Error("a member's id is hex");
  writeDrafts(mesh, node, [{ entity: "mesh", on: null, body: { kind: "budget.transfer", day: DAY, to, microUsd } }]);
}

function step(fleet: Fleet): void {
  const { mesh } = fleet;
  const { prng } = mesh;
  const honest = nodeAt(mesh, prng.pick(WORKERS.filter((place) => place !== LIAR)));
  const roll = prng.int(100);
  if (roll < 25) begin(fleet, honest);
  else if (roll < 40) end(fleet);
  else if (roll < 60) give(fleet, honest);
  else if (roll < 66) transfer(fleet, nodeAt(mesh, LIAR), honest.id, 1 + prng.int(CAP));
  else if (roll < 85) deliverOne(mesh);
  else if (roll < 92) {
    const group = prng.pick(mesh.groups);
    exchange(mesh, prng.pick(group), prng.pick(group));
  } else if (roll < 97) partition(mesh);
  else heal(mesh);
}

/** What honest members have spent or could still spend under what they have claimed. */
const takenBy = ({ spent, running }: Fleet): number => spent + running.length * NEED;

test("honest members never take more than the cap together, and everybody sees whose money it is alike in the end", () => {
  const seen = { full: 0, gifts: 0, refused: 0 };
  forSeeds(12, (seed) => {
    const fleet = fleetOf(seed);
    const { mesh } = fleet;
    const honest = WORKERS.filter((place) => place !== LIAR).map((place) => nodeAt(mesh, place));
    for (let count = 0; count < 150; count++) {
      step(fleet);
      expect(takenBy(fleet)).toBeLessThanOrEqual(CAP);
    }
    exchangeAll(mesh);
    expect(new Set(mesh.nodes.map(({ replica }) => digest(replica))).size).toBe(1);
    const [first, ...others] = mesh.nodes.map(rightsAt);
    for (const rights of others) expect(rights).toEqual(first);
    const rights = [...(first ?? new Map<string, Rights>()).values()];
    // Gifts move rights and make none.
    const total = rights.reduce((sum, { share, received, given }) => sum + share + received - given, 0);
    expect(total).toBe(rights.reduce((sum, { share }) => sum + share, 0));
    expect(total).toBeLessThanOrEqual(CAP);
    for (const { id } of honest) expect(first?.get(id)).toMatchObject({ refused: 0 });
    for (const { id } of honest) expect(first?.get(id)?.left).toBeGreaterThanOrEqual(0);
    // The liar does no work, so what is its own stays.
    if (honest.every(({ id }) => (first?.get(id)?.left ?? 0) < NEED)) seen.full++;
    if (rights.some(({ given }) => given > 0)) seen.gifts++;
    if ((first?.get(nodeAt(mesh, LIAR).id)?.refused ?? 0) > 0) seen.refused++;
  });
  // It was tried: money ran out, gifts were made, and the liar was refused.
  expect(seen.full).toBeGreaterThan(0);
  expect(seen.gifts).toBeGreaterThan(6);
  expect(seen.refused).toBeGreaterThan(6);
});

test("more news only ever makes more gifts count: nobody who spends a gift sees it taken back", () => {
  forSeeds(6, (seed) => {
    const fleet = fleetOf(seed);
    const { mesh } = fleet;
    const best = new Map<string, number>();
    mesh.onChange = (node) => {
      for (const [member, { received }] of rightsAt(node)) {
        const key = `${node.name} ${member}`;
        expect(received).toBeGreaterThanOrEqual(best.get(key) ?? 0);
        best.set(key, received);
      }
    };
    for (let count = 0; count < 100; count++) step(fleet);
    exchangeAll(mesh);
  });
});
