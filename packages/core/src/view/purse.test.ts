/** What work has cost, and whether more of it is paid for. */
import { expect, test } from "vitest";

import { findItem, type LiveItem } from "../command/find.ts";
import { toHex } from "../kernel/bytes.ts";
import { foundMesh } from "../log/genesis.ts";
import { createReplica, type Replica } from "../log/replica.ts";
import type { LedgerKey, OpBody } from "../op/bodies.ts";
import { testCrypto, testSigner } from "../testing/index.ts";
import type { BoardItem } from "./board.ts";
import { unverified } from "./landing.ts";
import { costOf, formatCost, formatUsd, ledgerBy, spendsOf } from "./ledger.ts";
import { type Naming, projectItem } from "./project.ts";
import { type Caps, costOfOthers, openPurse, overspent } from "./purse.ts";

const me = { signer: testSigner("purse"), incarnation: new Uint8Array(8).fill(1) };
const SELF = toHex(me.signer.publicKey);
const [A, B] = ["aaaaaaaaaaaa", "bbbbbbbbbbbb"] as const;
const [MONDAY, TUESDAY] = ["2026-11-23", "2026-11-24"] as const;
const NO_CAPS: Caps = { attempt: null, item: null, day: null, unknown: "refuse" };
const usd = (dollars: number): number => dollars * 1_000_000;

type Told = Readonly<Record<string, Readonly<Record<string, number>>>>;

interface World {
  readonly replica: Replica;
  write(item: string, body: OpBody, on?: string): string;
  /** Into Coding; the id of the claim op. */
  claim(item: string): string;
  spend(item: string, claim: string, models: Told, more?: { readonly day?: string; readonly reserved?: number }): void;
  item(id: string): LiveItem;
}

function worldOf(): World {
  const { mesh, frame } = foundMesh({ ...me, meshName: "m", nodeName: "n", wallMs: 1 }, testCrypto);
  const replica = createReplica(mesh, testCrypto);
  replica.take(frame.bytes);
  const write = (entity: string, body: OpBody, on?: string): string => {
    const head = on ?? replica.view().items.get(entity)?.best?.id ?? null;
    return replica.write([{ entity, on: head, body }], me, 5).ops[0]?.id ?? "";
  };
  for (const id of [A, B]) {
    write(id, { kind: "item.create", title: id, text: "", type: "story", priority: 5, labels: [], dependsOn: [] });
    write(id, { kind: "item.start" });
  }
  return {
    replica,
    write,
    claim: (item) => write(item, { kind: "item.claim", ttl: 1_000 }),
    spend: (item, claim, models, { day = MONDAY, reserved = 0 } = {}) => {
      const told = new Map(Object.entries(models).map(([model, counts]) => [model, new Map(Object.entries(counts))]));
      write(item, { kind: "item.spend", day, agent: "acp big", models: told, reserved }, claim);
    },
    item: (id) => {
      const found = findItem(replica.view(), id);
      if (!found.ok) throw new Error(found.error.message);
      return found.value;
    },
  };
}

const sendBack = (world: World, item: string, reason: "over-budget" | "gate-failed"): string =>
  world.write(item, { kind: "item.sendBack", reason, note: "", progress: false, evidence: [] });

const offer = (world: World, item: string, caps: Partial<Caps>, today: string = MONDAY): number | string => {
  const offered = openPurse({ view: world.replica.view(), caps: { ...NO_CAPS, ...caps }, today, self: SELF }).offer(
    world.item(item),
  );
  return offered.ok ? offered.value : offered.error;
};

const rows = (world: World, by: LedgerKey): readonly (readonly [string, string])[] =>
  ledgerBy(world.replica.view(), by, () => "node").map((row) => [row.key, formatCost(row)]);

test("each thing told of an attempt takes the place of what was told before, and what is unknown is never 0", () => {
  const world = worldOf();
  const claim = world.claim(A);
  world.spend(A, claim, { big: { microUsd: usd(0.5), input: 10 } });
  world.spend(A, claim, { big: { microUsd: usd(1.2), input: 30 } });
  expect(formatCost(costOf(spendsOf(world.item(A))))).toBe("$1.20");
  world.spend(A, claim, { small: { input: 5 } }, { day: TUESDAY });
  expect(formatCost(costOf(spendsOf(world.item(A))))).toBe("≥ $1.20 and unknown for 1 attempt");
  world.spend(B, world.claim(B), { "": {} });
  expect(rows(world, "item")).toEqual([
    [A, "≥ $1.20 and unknown for 1 attempt"],
    [B, "unknown"],
  ]);
  expect(rows(world, "model")).toEqual([
    ["big", "$1.20"],
    ["", "unknown"],
    ["small", "unknown"],
  ]);
  expect(rows(world, "day")).toEqual([
    [MONDAY, "≥ $1.20 and unknown for 1 attempt"],
    [TUESDAY, "unknown"],
  ]);
  expect(rows(world, "node")).toEqual([["node", "≥ $1.20 and unknown for 2 attempts"]]);
});

test("what comes late or twice changes no sum, and what was spent stays spent", () => {
  const world = worldOf();
  const claim = world.claim(A);
  world.spend(A, claim, { big: { microUsd: 700 } });
  world.spend(A, claim, { big: { microUsd: 700 } });
  world.spend(A, claim, { big: { microUsd: 300 } }, { reserved: 9 });
  expect(costOf(spendsOf(world.item(A)))).toEqual({ microUsd: 700, unknown: 0, attempts: 1, reserved: 9 });
});

test("an attempt that lost its claim has cost its money all the same", () => {
  const world = worldOf();
  const lost = world.claim(A);
  world.claim(A);
  world.spend(A, lost, { big: { microUsd: usd(3) } });
  expect(rows(world, "attempt")).toEqual([[`${A}/1`, "$3.00"]]);
});

test("no money reads as none", () => {
  expect([0, 1, 2_500, 9_999, 10_000, 999_999, usd(12)].map(formatUsd)).toEqual([
    "$0.00",
    "$0.000001",
    "$0.0025",
    "$0.009999",
    "$0.01",
    "$0.99",
    "$12.00",
  ]);
});

test("without caps everything is paid for, and with them as much is set aside as an attempt may cost", () => {
  const world = worldOf();
  expect(offer(world, A, {})).toBe(0);
  expect(offer(world, A, { attempt: usd(2), item: usd(2), day: usd(2) })).toBe(usd(2));
});

test("an item that has no room for one more attempt waits until its cap is raised", () => {
  const world = worldOf();
  world.spend(A, world.claim(A), { big: { microUsd: usd(1.5) } });
  sendBack(world, A, "gate-failed");
  expect(offer(world, A, { attempt: usd(2), item: usd(3) })).toBe(
    "it has $1.50 of $3.00 spent or set aside; that leaves $1.50, and an attempt may take $2.00. Raise budget.item in skein.yaml",
  );
  expect(offer(world, A, { attempt: usd(2), item: usd(3.5) })).toBe(usd(2));
  expect(offer(world, B, { attempt: usd(2), item: usd(3) })).toBe(usd(2));
});

test("a day's money is spent once, also by claims of one plan and by attempts that still run, and tomorrow there is more", () => {
  const world = worldOf();
  const caps = { ...NO_CAPS, attempt: usd(2), day: usd(5) };
  world.spend(A, world.claim(A), {}, { reserved: usd(2) });
  const purse = openPurse({ view: world.replica.view(), caps, today: MONDAY, self: SELF });
  expect(purse.offer(world.item(B))).toEqual({ ok: true, value: usd(2) });
  purse.take(usd(2));
  expect(purse.offer(world.item(B))).toMatchObject({
    ok: false,
    error: expect.stringContaining("today's work has $4.00 of $5.00"),
  });
  expect(offer(world, B, caps, TUESDAY)).toBe(usd(2));
});

test("under a cap nothing goes on after a cost that nobody knows, unless the project says so", () => {
  const world = worldOf();
  world.spend(A, world.claim(A), { big: { input: 7 } });
  sendBack(world, A, "gate-failed");
  expect(offer(world, A, { attempt: usd(2) })).toContain("it is not known what 1 attempt of it cost");
  expect(offer(world, B, { attempt: usd(2) })).toBe(usd(2));
  expect(offer(world, B, { day: usd(2) })).toContain("it is not known what 1 attempt of today cost");
  expect(offer(world, B, { day: usd(2) }, TUESDAY)).toBe(0);
  expect(offer(world, A, { attempt: usd(2), day: usd(5), unknown: "allow" })).toBe(usd(2));
});

test("an attempt that was ended for its money is repeated when its cap is raised or a person starts it anew", () => {
  const world = worldOf();
  world.spend(A, world.claim(A), { big: { microUsd: usd(2.1) } });
  sendBack(world, A, "over-budget");
  expect(offer(world, A, { attempt: usd(2) })).toContain(
    "its last attempt has cost $2.10, and an attempt may cost $2.00",
  );
  expect(offer(world, A, { attempt: usd(3) })).toBe(usd(3));
  world.write(A, { kind: "item.shelve", note: "" });
  world.write(A, { kind: "item.start" });
  expect(offer(world, A, { attempt: usd(2) })).toBe(usd(2));
});

test("a review under the claim of an attempt may take what the attempt has left, within every cap", () => {
  const world = worldOf();
  const claim = world.claim(A);
  world.spend(A, claim, { big: { microUsd: usd(0.5) } });
  const more = (caps: Partial<Caps>, on: string = claim): number | string => {
    const purse = openPurse({ view: world.replica.view(), caps: { ...NO_CAPS, ...caps }, today: MONDAY, self: SELF });
    const offered = purse.offerMore(world.item(A), on);
    return offered.ok ? offered.value : offered.error;
  };
  expect(more({})).toBe(0);
  expect(more({ attempt: usd(2) })).toBe(usd(1.5));
  expect(more({ attempt: usd(2) }, "another claim")).toBe(usd(2));
  expect(more({ attempt: usd(0.5) })).toContain("it has cost $0.50 already, and an attempt may cost $0.50");
  expect(more({ attempt: usd(2), item: usd(1.9) })).toContain("it has $0.50 of $1.90 spent or set aside");
  expect(more({ attempt: usd(2), day: usd(1.9) })).toContain("today's work has $0.50 of $1.90 spent or set aside");
  world.spend(A, claim, { big: { microUsd: usd(0.5) } }, { reserved: usd(1.5) });
  expect(more({ attempt: usd(2), item: usd(3) })).toBe(0);
  world.spend(A, claim, { small: { input: 5 } });
  expect(more({ attempt: usd(2) })).toContain("it is not known what 1 attempt of it cost");
  expect(more({ attempt: usd(2), unknown: "allow" })).toBe(usd(1.5));
});

test("an attempt that runs is ended by the first cap that it reaches, together with what others have spent", () => {
  const world = worldOf();
  world.spend(A, world.claim(A), { big: { microUsd: usd(1) } });
  sendBack(world, A, "gate-failed");
  const claim = world.claim(A);
  world.spend(B, world.claim(B), { big: { microUsd: usd(1) } });
  const why = (changes: Partial<Caps>, spent: number): string | undefined => {
    const caps = { ...NO_CAPS, ...changes };
    return overspent(caps, spent, costOfOthers(world.replica.view(), caps, { item: A, claim, today: MONDAY }));
  };
  expect(why({ attempt: usd(2), item: usd(4), day: usd(5) }, usd(1.99))).toBeUndefined();
  expect(why({ attempt: usd(2) }, usd(2))).toBe("it has cost $2.00 of $2.00");
  expect(why({ item: usd(2) }, usd(1))).toBe("the item has cost $2.00 of $2.00");
  expect(why({ day: usd(3) }, usd(1))).toBe("today's work has cost $3.00 of $3.00");
});

test("what only this node cannot pay is no refusal that others would repeat", () => {
  const world = worldOf();
  const view = world.replica.view();
  const budgets = new Map([
    ["op", { id: "op", lamport: 1, author: "a", wall: 1, from: MONDAY, microUsd: 0, shares: new Map() }],
  ]);
  const of = (caps: Partial<Caps>): ReturnType<typeof openPurse> =>
    openPurse({
      view: { ...view, membership: { ...view.membership, budgets } },
      caps: { ...NO_CAPS, ...caps },
      today: MONDAY,
      self: SELF,
    });
  const own = of({ attempt: usd(2) });
  expect(own.offer(world.item(A))).toMatchObject({
    ok: false,
    error: expect.stringContaining("this node has $0.00 left"),
  });
  expect(own.refusalAnywhere(world.item(A))).toBeUndefined();
  const uncapped = of({});
  expect(uncapped.offer(world.item(A))).toMatchObject({
    ok: false,
    error: expect.stringContaining("Give budget.attempt"),
  });
  expect(uncapped.refusalAnywhere(world.item(A))).toContain("Give budget.attempt");
  const full = of({ attempt: usd(2), day: usd(1) });
  expect(full.refusalAnywhere(world.item(A))).toContain("today's work has $0.00 of $1.00");
});

test("an item on the board says what it has cost as far as that is known", () => {
  const world = worldOf();
  const shown = (): BoardItem["cost"] => projectItem(world.item(A), BOARD_NAMING).cost;
  expect(shown()).toEqual({ microUsd: 0, unknown: 0 });
  const claim = world.claim(A);
  world.spend(A, claim, { known: { microUsd: 250_000 } });
  expect(shown()).toEqual({ microUsd: 250_000, unknown: 0 });
  world.spend(A, claim, { unknown: { input: 7 } });
  expect(shown().unknown).toBe(1);
});

const BOARD_NAMING: Naming = {
  nameOf: String,
  isExpired: () => false,
  activityOf: () => "",
  landingOf: () => unverified,
};
