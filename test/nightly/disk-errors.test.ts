/**
 * The disk refuses one call of a node's life: no room, or an error, at any of its writes and syncs. Nothing is
 * acknowledged that is not there afterwards, and the node goes on by itself; after a failed sync it ends instead, because
 * only a restart can tell what the disk holds.
 *
 * A sample by default; every call with SKEIN_FAULT_POINTS=all.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";

import { type Api, createApi } from "../support/api-client.ts";
import {
  failingAt,
  type FaultPoint,
  pointsIn,
  recording,
  report,
  requireStrace,
  sampleOf,
} from "../support/injection.ts";
import { expectSoundLogs } from "../support/mesh.ts";
import type { SpawnedNode } from "../support/node-process.ts";
import { processesUnder } from "../support/processes.ts";
import { saveLife } from "../support/saved-life.ts";
import { waitFor } from "../support/wait.ts";
import { useWorld } from "../support/world.ts";

const world = useWorld();
const LONG_MS = 2 * 60 * 60_000;
const COMMANDS = 6;
const IDLE = { slots: 0 } as const;
/** The node looks at a disk that refused every two seconds. */
const HEALED_MS = 10_000;

interface Life {
  readonly acknowledged: readonly string[];
  /** Titles of commands that were answered with "not saved". */
  readonly refused: readonly string[];
  readonly ended: SpawnedNode;
}

const isGone = ({ child }: SpawnedNode): boolean => child.exitCode !== null || child.signalCode !== null;

async function command(api: Api, title: string, life: { acknowledged: string[]; refused: string[] }): Promise<void> {
  const answer = await api.tryCommand<{ readonly id: string }>("item.add", { title });
  if (answer.ok) {
    life.acknowledged.push(answer.value.id);
    return;
  }
  expect(answer).toMatchObject({ status: 507, error: { code: "not-saved", message: /^Nothing was saved: / } });
  life.refused.push(title);
  await waitFor("the node to be well again", async () => (await fetch(`${api.http}/healthz`)).status === 200, {
    withinMs: HEALED_MS,
  });
}

/** A node's life under strace; ends by SIGTERM, or by itself. */
async function liveUnder(name: string, wrapper: readonly string[]): Promise<Life> {
  putBack();
  const data = world.dataOf("alice");
  const spawned = world.spawn(name, { ...IDLE, data, wrapper });
  const file = join(data, "endpoints.json");
  await waitFor("the node to be up or gone", () => existsSync(file) || isGone(spawned));
  const life = { acknowledged: [] as string[], refused: [] as string[] };
  if (existsSync(file)) {
    const { http } = JSON.parse(readFileSync(file, "utf8")) as { readonly http: string };
    const api = createApi(name, http, readFileSync(join(data, "token"), "utf8").trim());
    for (let number = 1; number <= COMMANDS && !isGone(spawned); number++) {
      // No answer is no acknowledgement: the node ended in the middle.
      await command(api, `Item ${number}`, life).catch((cause: unknown) => {
        if (!(cause instanceof TypeError)) throw cause;
      });
    }
  }
  const node = processesUnder(data).find((one) => !one.command.startsWith("strace"));
  if (node !== undefined) process.kill(node.pid, "SIGTERM");
  await spawned.exited;
  return { ...life, ended: spawned };
}

async function expectAllThere(name: string, { acknowledged, refused }: Life): Promise<void> {
  const node = await world.start(name, { ...IDLE, data: world.dataOf("alice") });
  const items = await node.api.items();
  expect(acknowledged.filter((id) => !items.some((item) => item.id === id))).toEqual([]);
  // "Not saved" is meant: it does not turn up later.
  expect(items.filter((item) => refused.includes(item.title))).toEqual([]);
  expect(Object.keys((await node.api.digest()).heads)).toHaveLength(1);
  await expectSoundLogs([node]);
  expect(await node.stop()).toEqual({ code: 0, signal: null });
}

/** Of an undisturbed life. */
let recorded: readonly FaultPoint[] = [];
/** Makes alice's data directory what it was after its init. */
let putBack: () => void;

beforeAll(async () => {
  requireStrace();
  await world.found("alice");
  putBack = saveLife(world.dataOf("alice"), join(world.directory("kept"), "alice"));
  const trace = join(world.directory("traces"), "recorded.strace");
  const life = await liveUnder("recorded", recording(trace));
  if (life.acknowledged.length !== COMMANDS) throw new Error(`an undisturbed life failed: ${life.ended.output()}`);
  recorded = pointsIn(readFileSync(trace, "latin1"));
}, 60_000);

const pointsOf = (...calls: readonly string[]): readonly FaultPoint[] =>
  sampleOf(
    recorded.filter((point) => calls.includes(point.call)),
    4,
  );

/** The calls on the log behind the one that failed; none when that one was on another file. */
function callsBehindFailure(trace: string, call: string): readonly string[] {
  const onLog = trace.split("\n").filter((line) => line.includes(`${call}(`) && line.includes("log.sqlite"));
  const failed = onLog.findIndex((line) => line.includes("(INJECTED)"));
  return failed < 0 ? [] : onLog.slice(failed + 1);
}

test.each(["ENOSPC", "EIO"])(
  "one write that fails with %s costs at most its own command",
  { timeout: LONG_MS },
  async (error) => {
    const points = pointsOf("pwrite64", "ftruncate");
    let refused = 0;
    for (const point of points) {
      const name = `${error}-${point.call}-${point.nth}`;
      const trace = join(world.directory("traces"), `${name}.strace`);
      const life = await liveUnder(name, failingAt(point, error, trace));
      // A start may fail too: with a sentence, and the next one works.
      const answered = life.acknowledged.length + life.refused.length;
      const started = /^skein: /m.test(life.ended.output()) ? 0 : COMMANDS;
      expect({ point, answered }).toEqual({ point, answered: started });
      expect(life.ended.output()).not.toContain("unexpected fault");
      refused += life.refused.length;
      await expectAllThere(name, life);
    }
    report({ error, points: points.length, refused, lost: 0 });
  },
);

test(
  "a sync that fails ends the node at once, without another sync, and the next start has all that was acknowledged",
  { timeout: LONG_MS },
  async () => {
    const points = pointsOf("fsync", "fdatasync");
    let ended = 0;
    for (const point of points) {
      const name = `EIO-${point.call}-${point.nth}`;
      const trace = join(world.directory("traces"), `${name}.strace`);
      const life = await liveUnder(name, failingAt(point, "EIO", trace));
      expect(life.refused).toEqual([]);
      expect(life.ended.output()).not.toContain("unexpected fault");
      const { exitCode, signalCode } = life.ended.child;
      // The signal that ends a life may find a node that is ending already and listens to none any more.
      const byItself = exitCode !== 0 && signalCode === null;
      ended += byItself ? 1 : 0;
      expect([null, 0, 1]).toContain(exitCode);
      expect(byItself).toBe(/^skein: .+\.$/m.test(life.ended.output()));
      const after = byItself ? callsBehindFailure(readFileSync(trace, "latin1"), point.call) : [];
      expect({ point, after }).toEqual({ point, after: [] });
      await expectAllThere(name, life);
    }
    report({ error: "EIO on sync", points: points.length, ended, lost: 0 });
    expect(ended).toBeGreaterThan(0);
  },
);
