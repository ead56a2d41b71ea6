/** From what an agent tells to what is written down, and when it is ended. */
import type { AgentConfig, Price } from "@skein/config";
import { type Draft, ok, type SpendCounts } from "@skein/core";
import { expect, test } from "vitest";

import { agentName, createMeter, createTally, type Meter, type MeterContext, type MoneyCheck } from "./spending.ts";

const ACP: AgentConfig = { kind: "acp", preset: "big-agent", run: ["agent"], env: [], permissions: "ask" };
const MIDNIGHT = Date.UTC(2026, 10, 22);
const MINUTE = 60_000;
const DAY = "2026-11-21";

interface Stand {
  readonly meter: Meter;
  /** Day, dollars by model (undefined where unknown) and dollars set aside of each op so far. */
  readonly written: (readonly [string, Readonly<Record<string, number | undefined>>, number])[];
  readonly pass: (ms: number) => Promise<void>;
}

interface Given {
  readonly agent?: AgentConfig;
  readonly reserved?: number;
  readonly before?: ReadonlyMap<string, SpendCounts>;
  readonly prices?: ReadonlyMap<string, Price>;
  readonly check?: MoneyCheck;
}

function stand({
  agent = ACP,
  reserved = 0,
  before = new Map(),
  prices = new Map(),
  check = () => undefined,
}: Given = {}): Stand {
  let nowMs = 0;
  const timers = new Map<() => void, number>();
  const written: (readonly [string, Readonly<Record<string, number | undefined>>, number])[] = [];
  const context: MeterContext = {
    item: "aaaaaaaaaaaa",
    claimOp: "c1",
    note: () => undefined,
    deps: {
      clock: {
        monoMs: () => nowMs,
        wallMs: () => MIDNIGHT - 5 * MINUTE + nowMs,
        after: (ms, run) => {
          timers.set(run, nowMs + ms);
          return () => timers.delete(run);
        },
      },
      journal: {
        write: (decide) => {
          const drafts = decide();
          if (drafts.ok) written.push(...drafts.value.map(told));
          return Promise.resolve(ok([]));
        },
      },
    },
  };
  return {
    meter: createMeter(context, { agent, day: DAY, reserved, before, prices, check }),
    written,
    pass: async (ms) => {
      nowMs += ms;
      for (const [run, at] of timers) if (at <= nowMs && timers.delete(run)) run();
      await Promise.resolve();
    },
  };
}

function told({ body, on }: Draft): readonly [string, Readonly<Record<string, number | undefined>>, number] {
  if (body.kind !== "item.spend" || on !== "c1") throw new Error("a meter writes costs on the claim");
  const models = [...body.models].map(([model, counts]) => {
    const cost = counts.get("microUsd");
    return [model, cost === undefined ? undefined : cost / 1e6] as const;
  });
  return [body.day, Object.fromEntries(models), body.reserved / 1e6];
}

const models = (usd: number, model = "big"): ReadonlyMap<string, ReadonlyMap<string, number>> =>
  new Map([[model, new Map([["microUsd", usd * 1e6]])]]);

test("what a run has cost is written at its end, and meanwhile once a minute where it has grown", async () => {
  const { meter, written, pass } = stand();
  const tell = meter.begin();
  tell(models(0.1));
  tell(models(0.2));
  expect(written).toEqual([]);
  await pass(MINUTE);
  expect(written).toEqual([[DAY, { big: 0.2 }, 0]]);
  await pass(MINUTE);
  expect(written).toHaveLength(1);
  tell(models(0.3));
  expect(await meter.close("ran")).toBeUndefined();
  expect(written.slice(1).at(-1)).toEqual([DAY, { big: 0.3 }, 0]);
});

test("a noticeable part of what is set aside is written at once, with what is left of it; the end gives the rest back", async () => {
  const { meter, written } = stand({ reserved: 2e6 });
  const tell = meter.begin();
  tell(models(0.1));
  expect(written).toEqual([]);
  tell(models(0.5));
  expect(written).toEqual([[DAY, { big: 0.5 }, 1.5]]);
  await meter.close("ran");
  expect(written.at(-1)).toEqual([DAY, { big: 0.5 }, 0]);
});

test("a run that tells nothing has cost something unknown, and what was set aside for it stays set aside", async () => {
  const { meter, written } = stand({ reserved: 2e6 });
  await meter.close("ran");
  expect(written).toEqual([[DAY, { "": undefined }, 2]]);
});

test("a conversation that ends without a word of its cost has cost something unknown too", async () => {
  const { meter, written } = stand({ reserved: 2e6 });
  meter.begin()(createTally()({}));
  await meter.close("ran");
  expect(written).toEqual([[DAY, { "": undefined }, 2]]);
  const never = stand({ reserved: 2e6 });
  never.meter.begin()(createTally()({}));
  await never.meter.close("not-started");
  expect(never.written).toEqual([]);
});

test("an agent that tells less than before, or the same under other names, gets nothing of its money back", async () => {
  const seen: number[] = [];
  const check = (spent: number): undefined => void seen.push(spent);
  const { meter, written } = stand({ reserved: 4e6, check });
  const tell = meter.begin();
  tell(models(1));
  tell(models(0.5));
  tell(models(1, "other"));
  await meter.close("ran");
  expect(seen).toEqual([1e6, 1e6, 2e6]);
  // In the log the greatest of each stands, so what is set aside beside it must never be more than what is left.
  for (const [, costs, reserved] of written) {
    const spent = Object.values(costs).reduce((sum: number, cost) => sum + (cost ?? 0), 0);
    expect([0, 4 - spent]).toContain(reserved);
  }
  expect(written.at(-1)).toEqual([DAY, { big: 1, other: 1 }, 0]);
});

test("what a conversation costs in all is counted once, whatever its model is called at the time", () => {
  const tally = createTally();
  tally({ model: "a", costUsd: 1 });
  expect(tally({ model: "b", costUsd: 1.5 })).toEqual(
    new Map([
      ["a", new Map([["microUsd", 1e6]])],
      ["b", new Map([["microUsd", 0.5e6]])],
    ]),
  );
  expect(tally({ model: "b", costUsd: 0.2 }).get("b")).toEqual(new Map([["microUsd", 0.5e6]]));
  expect(tally({ model: "c", costUsd: 1.5, inputTokens: 10 }).get("c")).toEqual(
    new Map([
      ["input", 10],
      ["microUsd", 0],
    ]),
  );
  // A model without a count is no word of its cost.
  expect(createTally()({ model: "a" })).toEqual(new Map());
});

test("a run that never began leaves what was set aside for the next one of its claim, and the scripted agent costs nothing", async () => {
  const never = stand({ reserved: 2e6 });
  await never.meter.close("not-started");
  expect(never.written).toEqual([]);
  const scripted = stand({ agent: { kind: "scripted", env: [] } });
  await scripted.meter.close("ran");
  expect(scripted.written).toEqual([]);
});

test("a second run of an attempt adds to what the first has cost", async () => {
  const { meter, written } = stand({ reserved: 2e6, before: models(0.5) });
  meter.begin()(models(0.25));
  await meter.close("ran");
  expect(written.at(-1)).toEqual([DAY, { big: 0.75 }, 0]);
  const silent = stand({ reserved: 2e6, before: models(0.5) });
  await silent.meter.close("ran");
  expect(silent.written).toEqual([[DAY, { big: 0.5, "": undefined }, 1.5]]);
});

test("whatever numbers and however many models an agent tells, an op can hold them", async () => {
  const { meter, written } = stand();
  const wild = new Map([
    ["input", 1.5],
    ["output", 1e300],
    ["cacheRead", Number.NaN],
    ["cacheWrite", -1],
    ["microUsd", 0.4],
  ]);
  meter.begin()(new Map(Array.from({ length: 40 }, (_, at) => [`model-${at}`, wild])));
  await meter.close("ran");
  const [[, costs] = [DAY, {}]] = written;
  expect(Object.keys(costs)).toHaveLength(16);
  expect(costs).toMatchObject({ "model-0": 1e-6, "": 25e-6 });
});

test("tokens alone cost what the project's prices say, and without a price nobody knows", async () => {
  const price: Price = { input: 3e6, output: 15e6, cacheRead: 300_000, cacheWrite: null };
  const prices = new Map([["big", price]]);
  const tokens = (more: Readonly<Record<string, number>>): ReadonlyMap<string, number> =>
    new Map(Object.entries({ input: 1_000, output: 100, ...more }));
  const { meter, written } = stand({ prices });
  const tell = meter.begin();
  tell(
    new Map([
      ["big", tokens({ cacheRead: 10_000 })],
      ["small", tokens({})],
    ]),
  );
  await meter.close("ran");
  expect(written).toEqual([[DAY, { big: 0.0075, small: undefined }, 0]]);
  const other = stand({ prices });
  other.meter.begin()(new Map([["big", tokens({ cacheWrite: 1 })]]));
  await other.meter.close("ran");
  expect(other.written).toEqual([[DAY, { big: undefined }, 0]]);
});

test("a run that goes on over midnight counts for the day on which it began", async () => {
  const { meter, written, pass } = stand({ reserved: 2e6 });
  const tell = meter.begin();
  tell(models(0.5));
  await pass(6 * MINUTE);
  tell(models(0.8));
  await meter.close("ran");
  expect(written.at(-1)).toEqual([DAY, { big: 0.8 }, 0]);
});

test("what is told again and again is written once", async () => {
  const { meter, written, pass } = stand();
  const tell = meter.begin();
  for (let minute = 0; minute < 5; minute++) {
    tell(models(0.1));
    await pass(MINUTE);
  }
  expect(written).toEqual([[DAY, { big: 0.1 }, 0]]);
});

test("a run whose money is gone is ended, and the reason is handed on", async () => {
  const { meter } = stand({ check: (spent) => (spent < 2e6 ? undefined : "it has cost $2.00 of $2.00") });
  const tell = meter.begin();
  tell(models(1.9));
  expect(meter.signal.aborted).toBe(false);
  tell(models(2));
  expect(meter.signal.aborted).toBe(true);
  expect(await meter.close("ran")).toBe("it has cost $2.00 of $2.00");
});

test("what a second run of one attempt uses comes on top of the first one's", async () => {
  const { meter, written } = stand();
  meter.begin()(models(0.5));
  const tell = meter.begin();
  tell(models(0.1));
  tell(models(0.25));
  await meter.close("ran");
  expect(written.at(-1)).toEqual([DAY, { big: 0.75 }, 0]);
});

test("an agent is named as people wrote it", () => {
  expect(agentName(ACP)).toBe("acp big-agent");
  expect(agentName({ kind: "command", run: ["/opt/my agents/run\u0007.sh", "--all"], env: [] })).toBe(
    "command run?.sh",
  );
});

test("what earlier runs of the attempt have cost counts once, though the view it was read from goes on", async () => {
  // The fold changes what it knows of an attempt in place, and what this meter writes comes back into it.
  const known = new Map(models(0.1));
  const { meter, written, pass } = stand({ reserved: 1_000_000, before: known });
  const tell = meter.begin();
  tell(models(0.2));
  await pass(0);
  expect(written).toEqual([[DAY, { big: expect.closeTo(0.3) }, 0.7]]);
  known.set("big", new Map([["microUsd", 300_000]]));
  tell(models(0.4));
  await pass(0);
  expect(written.at(-1)).toEqual([DAY, { big: expect.closeTo(0.5) }, 0.5]);
});
