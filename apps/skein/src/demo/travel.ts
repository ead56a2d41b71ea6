/** Watches the stories until they are all Done, tells what happens, and with `--kill` takes a node away on the way. */
import { setTimeout as delay } from "node:timers/promises";

import type { Client } from "../client.ts";
import { Failure } from "../failure.ts";
import { type DemoItem, readSnapshot, readWhy, type Snapshot } from "./answers.ts";
import type { DemoEvent } from "./events.ts";
import { type Interrupt, orInterrupted } from "./interrupt.ts";
import { bad, type Line, node, plain, strong } from "./line.ts";
import type { DemoMesh } from "./mesh.ts";
import type { Reporter } from "./reporter.ts";
import { seconds } from "./seconds.ts";
import { chooseVictim, noteClaims } from "./victim.ts";
import type { Seen, Watch } from "./watch.ts";

export interface Travel {
  readonly mesh: DemoMesh;
  readonly watch: Watch;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
  /** The node that serves the board. */
  readonly first: string;
  /** The items that are to arrive. */
  readonly items: readonly string[];
  readonly kill: boolean;
  readonly limitMs: number;
  readonly elapsedMs: () => number;
}

const LOOK_MS = 120;

export async function travel(options: Travel): Promise<Seen> {
  const { mesh, watch, reporter, signal, elapsedMs } = options;
  const deadlineMs = elapsedMs() + options.limitMs;
  const sabotage = options.kill ? createSaboteur(options) : undefined;
  const events: DemoEvent[] = [];
  for (;;) {
    const seen = await orInterrupted(watch.look(), signal);
    if (seen !== undefined) {
      const deed = sabotage?.(seen.snapshot.items);
      const news = deed === undefined ? seen.news : [...seen.news, { atMs: elapsedMs(), line: deed }];
      events.push(...news);
      reporter.show({ elapsedMs: elapsedMs(), snapshot: seen.snapshot, gone: mesh.gone(), events }, news);
      if (isOver(ownItems(seen.snapshot, options))) return arrive(options, seen);
    }
    if (elapsedMs() > deadlineMs) await giveUp(options, `The time limit of ${seconds(options.limitMs)} has passed.`);
    await orInterrupted(delay(LOOK_MS), signal);
  }
}

/** Later, while a person tries things: what happens is told line by line, until Ctrl-C. */
export async function linger(watch: Watch, reporter: Reporter, { signal, asked }: Interrupt): Promise<void> {
  while (!signal.aborted) {
    const seen = await Promise.race([watch.look(), asked]);
    for (const { line } of seen?.news ?? []) reporter.say([plain("  "), ...line]);
    await Promise.race([delay(LOOK_MS), asked]);
  }
}

const ownItems = ({ items }: Snapshot, { items: own }: Pick<Travel, "items">): readonly DemoItem[] =>
  items.filter(({ id }) => own.includes(id));

const isOver = (items: readonly DemoItem[]): boolean =>
  items.length > 0 && items.every(({ stage }) => stage === "Done" || stage === "Archived");

async function arrive(options: Travel, seen: Seen): Promise<Seen> {
  const items = ownItems(seen.snapshot, options);
  if (items.some(({ stage }) => stage !== "Done")) await giveUp(options, "Not every story is Done.");
  if (options.kill && seen.gone.size === 0) {
    throw new Failure("Every story was Done before a node could be killed in the middle of one. Try again.");
  }
  return { ...seen, snapshot: { ...seen.snapshot, items } };
}

/** Kills one node, once; then says so. */
function createSaboteur({ mesh, first, elapsedMs }: Travel): (items: readonly DemoItem[]) => Line | undefined {
  let seenSince: ReadonlyMap<string, number> = new Map();
  let done = false;
  return (items) => {
    if (done) return undefined;
    const nowMs = elapsedMs();
    seenSince = noteClaims(items, seenSince, nowMs);
    const victim = chooseVictim({ items, first, seenSince, nowMs });
    if (victim === undefined) return undefined;
    done = true;
    mesh.kill(victim.name);
    return [bad("kill -9 "), node(victim.name), plain(" in the middle of "), strong(victim.title)];
  };
}

/** Names each story that is not Done, with what its node says of it. */
async function giveUp(options: Travel, reason: string): Promise<never> {
  const { client } = options.mesh.living();
  const reasons = await orInterrupted(explainUnfinished(client, options), options.signal);
  throw new Failure([reason, ...reasons].join("\n"));
}

async function explainUnfinished(client: Client, options: Travel): Promise<readonly string[]> {
  const items = ownItems(await readSnapshot(client), options);
  const unfinished = items.filter(({ stage }) => stage !== "Done");
  return Promise.all(
    unfinished.map(async ({ id, title }) => `${id} ${title}: ${(await readWhy(client, id)).join(" ")}`),
  );
}
