/** How work flows, and who held what when, read off a log whose wall times the test sets. */
import { expect, test } from "vitest";

import { toHex } from "../kernel/bytes.ts";
import { foundMesh } from "../log/genesis.ts";
import { createReplica } from "../log/replica.ts";
import type { OpBody } from "../op/bodies.ts";
import type { FlowRange } from "../op/ranges.ts";
import { testCrypto, testSigner } from "../testing/index.ts";
import { type Flow, flowOf } from "./flow.ts";
import type { Landing } from "./landing.ts";
import { type Timeline, timelineOf } from "./timeline.ts";

const me = { signer: testSigner("flow"), incarnation: new Uint8Array(8).fill(1) };
const SELF = toHex(me.signer.publicKey);
const OID = "c".repeat(40);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Noon of a day. */
const NOW = Date.UTC(2026, 10, 21, 12);
const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
const idOf = (place: number): string => String(place).padStart(12, "0");

interface World {
  /** Writes on the item's head, with that wall time; the op's id. */
  write(item: string, wallMs: number, body: OpBody, on?: string): string;
  add(item: string, wallMs: number): void;
  claim(item: string, wallMs: number): string;
  sendBack(item: string, wallMs: number): void;
  /** From Coding under a claim to Done. */
  land(item: string, submittedMs: number, passedMs: number, landedMs: number): void;
  refute(item: string): void;
  flow(range: FlowRange): Flow;
  timeline(range: FlowRange, after?: string): Timeline;
}

function worldOf(): World {
  const { mesh, frame } = foundMesh({ ...me, meshName: "m", nodeName: "n", wallMs: 1 }, testCrypto);
  const replica = createReplica(mesh, testCrypto);
  replica.take(frame.bytes);
  const refuted = new Set<string>();
  const write: World["write"] = (entity, wallMs, body, on) => {
    const head = on ?? replica.view().items.get(entity)?.best?.id ?? null;
    return replica.write([{ entity, on: entity === "mesh" ? null : head, body }], me, wallMs).ops[0]?.id ?? "";
  };
  const naming = {
    nameOf: (key: string): string => (key === SELF ? "n" : key.slice(0, 4)),
    isExpired: (): boolean => false,
    landingOf: (item: string): Landing => ({ state: refuted.has(item) ? "refuted" : "verified", commit: OID }),
  };
  return {
    write,
    add: (item, wallMs) => {
      const birth = {
        title: `story ${item}`,
        text: "",
        type: "story",
        priority: 5,
        labels: [],
        dependsOn: [],
      } as const;
      write(item, wallMs, { kind: "item.create", ...birth });
      write(item, wallMs, { kind: "item.start" });
    },
    claim: (item, wallMs) => write(item, wallMs, { kind: "item.claim", ttl: 60_000 }),
    sendBack: (item, wallMs) =>
      void write(item, wallMs, {
        kind: "item.sendBack",
        reason: "gate-failed",
        note: "red",
        progress: false,
        evidence: [],
      }),
    land: (item, submittedMs, passedMs, landedMs) => {
      const epoch = replica.view().items.get(item)?.best?.state.epoch ?? 0;
      const feature = { featureBranch: `skein/${item}/${epoch}`, tip: OID, tree: OID, commitsAhead: 1 };
      write(item, submittedMs, { kind: "item.submit", feature });
      write(item, passedMs, { kind: "item.pass", evidence: { tree: OID, runs: [] } });
      write(item, landedMs, { kind: "item.land", commit: OID, at: submittedMs });
    },
    refute: (item) => refuted.add(item),
    flow: (range) => flowOf(replica.view(), naming, { range, now: NOW, caps: null, dayOf }),
    timeline: (range, after) => timelineOf(replica.view(), naming, range, NOW, after),
  };
}

/** Added `lead` before it landed and first claimed `cycle` before. */
function landOne(world: World, item: string, landedMs: number, lead: number, cycle: number): void {
  world.add(item, landedMs - lead);
  world.claim(item, landedMs - cycle);
  world.land(item, landedMs - cycle / 2, landedMs - cycle / 4, landedMs);
}

test("landings are counted in the step they fell into, and their times are those that half of them kept within", () => {
  const world = worldOf();
  for (const [place, hours] of [1, 2, 3, 4].entries())
    landOne(world, idOf(place), NOW - DAY - place, hours * 2 * HOUR, hours * HOUR);
  landOne(world, idOf(9), NOW - 40 * DAY, HOUR, HOUR / 2);
  const flow = world.flow("7d");
  expect(flow.landed).toBe(4);
  expect(flow.lead).toEqual({ p50: 4 * HOUR, p85: 8 * HOUR, p95: 8 * HOUR, count: 4 });
  expect(flow.cycle).toEqual({ p50: 2 * HOUR, p85: 4 * HOUR, p95: 4 * HOUR, count: 4 });
  expect(flow.steps.map(({ landed }) => landed)).toEqual([0, 0, 0, 0, 0, 4, 0]);
  expect(flow.steps[5]).toMatchObject({ at: Date.UTC(2026, 10, 20), leadMs: 4 * HOUR });
  expect(flow.steps[6]).toMatchObject({ leadMs: null, cycleMs: null });
  expect(world.flow("24h").landed).toBe(0);
  expect(world.flow("24h").steps).toHaveLength(24);
});

test("a landing that the target branch does not have is none, and contradicting clocks are in no percentile", () => {
  const world = worldOf();
  landOne(world, idOf(1), NOW - HOUR, 2 * HOUR, HOUR);
  landOne(world, idOf(2), NOW - HOUR, 2 * HOUR, HOUR);
  // Its first claimer's clock is a day ahead.
  world.add(idOf(3), NOW + DAY);
  world.claim(idOf(3), NOW + DAY);
  world.land(idOf(3), NOW + DAY, NOW + DAY, NOW - HOUR);
  world.refute(idOf(2));
  expect(world.flow("24h")).toMatchObject({ landed: 2, unclear: 1, lead: { count: 1 }, cycle: { count: 1 } });
});

test("attempts that came to nothing are counted by their reason, take-overs of a held item with them", () => {
  const world = worldOf();
  for (const item of [idOf(1), idOf(2)]) {
    world.add(item, NOW - 5 * HOUR);
    world.claim(item, NOW - 4 * HOUR);
    world.sendBack(item, NOW - 3 * HOUR);
    world.claim(item, NOW - 2 * HOUR);
  }
  world.claim(idOf(1), NOW - HOUR);
  world.write(idOf(2), NOW - HOUR, { kind: "item.archive", reason: "Blocked", note: "too often" });
  expect(world.flow("24h").failures).toEqual([
    { reason: "gate-failed", count: 2, items: 2 },
    { reason: "Blocked", count: 1, items: 1 },
    { reason: "taken-over", count: 1, items: 1 },
  ]);
});

test("a day's spending is what was told of it; what nobody tells is unknown, beside the cap that was in force", () => {
  const world = worldOf();
  world.write("mesh", NOW - 9 * DAY, {
    kind: "budget.set",
    from: "2026-11-20",
    microUsd: [5_000_000],
    shares: new Map(),
  });
  world.add(idOf(1), NOW - HOUR);
  const claim = world.claim(idOf(1), NOW - HOUR);
  const spend = (day: string, models: ReadonlyMap<string, ReadonlyMap<string, number>>): string =>
    world.write(idOf(1), NOW - HOUR, { kind: "item.spend", day, agent: "a", models, reserved: 0 }, claim);
  spend("2026-11-20", new Map([["big", new Map([["microUsd", 700_000]])]]));
  spend("2026-11-21", new Map([["big", new Map([["input", 12]])]]));
  const days = new Map(world.flow("7d").days.map((day) => [day.day, day]));
  expect([...days.keys()]).toHaveLength(7);
  expect(days.get("2026-11-19")).toMatchObject({ microUsd: 0, attempts: 0, unknown: 0, cap: null });
  expect(days.get("2026-11-20")).toMatchObject({ microUsd: 700_000, unknown: 0, cap: 5_000_000 });
  expect(days.get("2026-11-21")).toMatchObject({ microUsd: 0, attempts: 1, unknown: 1, cap: 5_000_000 });
});

test("every claim is a span with the stages under it, what ended it, and from whom it was taken", () => {
  const world = worldOf();
  const item = idOf(1);
  world.add(item, NOW - 9 * HOUR);
  world.claim(item, NOW - 8 * HOUR);
  world.claim(item, NOW - 7 * HOUR);
  world.sendBack(item, NOW - 6 * HOUR);
  world.claim(item, NOW - 5 * HOUR);
  world.land(item, NOW - 4 * HOUR, NOW - 3 * HOUR, NOW - 2 * HOUR);
  const [row] = world.timeline("24h").rows;
  expect(row).toMatchObject({ item, title: `story ${item}`, stage: "Done", left: 0 });
  const seen = row?.spans.map(({ startedAt, endedAt, outcome, tookOverFrom }) => [
    (NOW - startedAt) / HOUR,
    endedAt === null ? null : (NOW - endedAt) / HOUR,
    outcome,
    tookOverFrom,
  ]);
  expect(seen).toEqual([
    [8, 7, "taken-over", ""],
    [7, 6, "sent-back", "n"],
    [5, 2, "landed", ""],
  ]);
  expect(row?.spans[2]?.stages).toEqual([
    { stage: "Coding", at: NOW - 5 * HOUR },
    { stage: "Qa", at: NOW - 4 * HOUR },
    { stage: "Merge", at: NOW - 3 * HOUR },
  ]);
});

test("an attempt that lost is there as an alternate, to the last op under it; one that runs has no end", () => {
  const world = worldOf();
  const item = idOf(1);
  world.add(item, NOW - 9 * HOUR);
  const started = world.write(item, NOW - 9 * HOUR, { kind: "item.release", note: "" });
  expect(started).not.toBe("");
  const lost = world.claim(item, NOW - 8 * HOUR);
  const feature = { featureBranch: `skein/${item}/1`, tip: OID, tree: OID, commitsAhead: 1 };
  world.write(item, NOW - 7 * HOUR, { kind: "item.submit", feature }, lost);
  // Both take over the same claim: the second one goes on and wins.
  world.claim(item, NOW - 6 * HOUR);
  world.claim(item, NOW - 5 * HOUR);
  const other = world.write(item, NOW - 4 * HOUR, { kind: "item.claim", ttl: 60_000 }, lost);
  expect(other).not.toBe("");
  const outcomes = world.timeline("24h").rows[0]?.spans.map(({ outcome, endedAt }) => [outcome, endedAt === null]);
  expect(outcomes).toEqual([
    ["taken-over", false],
    ["taken-over", false],
    ["running", true],
    ["alternate", false],
  ]);
});

test("pages follow each other without a gap, the ones that changed last first, and a false cursor is the first page", () => {
  const world = worldOf();
  for (let place = 0; place < 203; place++) {
    world.add(idOf(place), NOW - 2 * HOUR);
    world.claim(idOf(place), NOW - HOUR - place);
  }
  const first = world.timeline("24h");
  const second = world.timeline("24h", first.next ?? "");
  expect([first.rows.length, second.rows.length, second.next]).toEqual([200, 3, null]);
  const ids = [...first.rows, ...second.rows].map(({ item }) => item);
  expect(ids).toEqual(Array.from({ length: 203 }, (_, place) => idOf(place)));
  expect(world.timeline("24h", "'; drop").rows).toEqual(first.rows);
});
