/**
 * What happens in a night: people tell stories in its first third, and move the target branch now and then; one machine is killed
 * with agents at work and started again, one is cut off from the others for an hour (it still reaches the remote), the provider
 * of one has enough of its agents, and asks those of another to wait. Which machine is which follows from the seed.
 */
import type { Prng } from "@skein/core/testing";
import type { Json } from "@skein/node";

import { drawInt } from "../kernel/streams.ts";
import { answerOf } from "../workload.ts";
import { type Machine, runningMachines, type World } from "../world.ts";
import type { Night } from "./night.ts";
import type { EndedItem } from "./plan.ts";

/** Shares of the night. */
const TELLING = 0.35;
const KILL_AT = 0.12;
const DOWN_FOR = 0.05;
const BLOCK_AT = 0.18;
const BLOCKED_FOR = 0.2;
const PART_AT = 0.24;
const PARTED_FOR = 0.1;
const THROTTLE_AT = 0.32;
const THROTTLED_FOR = 0.05;
/** A little more than until midnight, when there is money again. */
const LEAST = 0.57;

const LOOK_MS = 5_000;
const SETUP_MS = 30_000;

/** Until everything has come to its end, and midnight is over, or the night is. */
export async function live(world: World, night: Night): Promise<void> {
  const { scheduler } = world;
  const prng = world.streams("night");
  const [founder] = world.machines;
  if (founder === undefined) return;
  Object.assign(world.processRates, night.processRates);
  await scheduler.settled(answerOf(world, founder, "budget.set", { amount: `${night.money.day}/day` }), SETUP_MS);
  const doomed = prng.pick(world.machines);
  const at = (share: number, act: () => void): void => void scheduler.after(share * night.lengthMs, act);
  at(KILL_AT, () => killAtWork(world, night, doomed));
  at(BLOCK_AT, () => limit(world, night.blockedUntil, prng, BLOCKED_FOR * night.lengthMs));
  at(THROTTLE_AT, () => limit(world, night.throttledUntil, prng, THROTTLED_FOR * night.lengthMs));
  at(PART_AT, () => part(world, prng.pick(world.machines), PARTED_FOR * night.lengthMs));
  for (const [index, { title, behavior }] of night.stories.entries()) {
    at((TELLING * index) / night.stories.length, () => void tell(world, night, { title, behavior, prng, doomed }));
  }
  commitNowAndThen(world, night, world.streams("night person"));
  const endMs = scheduler.nowMs() + night.lengthMs;
  await scheduler.runUntil(() => false, night.lengthMs * LEAST);
  while (scheduler.nowMs() < endMs && !scheduler.isStopped() && !hasSettled(world, night)) {
    await scheduler.runUntil(() => false, LOOK_MS);
  }
}

interface Telling {
  readonly title: string;
  readonly behavior: Night["stories"][number]["behavior"];
  readonly prng: Prng;
  /** Nobody would know whether it has taken the story when it dies. */
  readonly doomed: Machine;
}

async function tell(world: World, night: Night, { title, behavior, prng, doomed }: Telling): Promise<void> {
  const machine = prng.pick(runningMachines(world).filter((one) => one !== doomed));
  const text = `Do it.\n\nbehaves: ${behavior.name}\n`;
  const id = textAt(await answerOf(world, machine, "item.add", { title, text, start: true }), "id");
  if (id === undefined) world.violate("I34", `"${title}" could not be told to ${machine.name}`);
  else night.told.set(id, behavior);
}

function textAt(answer: Json | undefined, key: string): string | undefined {
  if (typeof answer !== "object" || answer === null) return undefined;
  const text = Object.entries(answer).find(([name]) => name === key)?.[1];
  return typeof text === "string" ? text : undefined;
}

/** As soon as an agent works there. */
function killAtWork(world: World, night: Night, machine: Machine): void {
  const { scheduler } = world;
  const isAtWork = [...world.processes].some(
    ({ life, what }) => life === machine.running?.life && what.startsWith("an agent"),
  );
  if (!isAtWork) {
    if (world.phase() === "safety") scheduler.after(LOOK_MS, () => killAtWork(world, night, machine));
    return;
  }
  for (const directory of machine.workspaces.keys()) night.cutShort.clones.add(directory);
  for (const { id, best } of machine.running?.node.replica.view().items.values() ?? []) {
    const { claim, epoch } = best?.state ?? {};
    if (claim?.holder === machine.key) night.cutShort.attempts.add(`${id}/${epoch ?? 0}`);
  }
  for (const process of world.processes) if (process.life === machine.running?.life) world.processes.delete(process);
  machine.kill(true);
  scheduler.after(DOWN_FOR * night.lengthMs, () => machine.start());
}

function limit(world: World, until: Map<string, number>, prng: Prng, forMs: number): void {
  const { name } = prng.pick(world.machines);
  until.set(name, world.scheduler.nowMs() + forMs);
  world.trace.line(name, `its provider limits agents for ${forMs} ms`);
}

function part(world: World, alone: Machine, forMs: number): void {
  const others = world.machines.filter((machine) => machine !== alone);
  const set = (isBlocked: boolean): void => {
    for (const { name } of others) {
      world.network.setBlocked(name, alone.name, isBlocked);
      world.network.setBlocked(alone.name, name, isBlocked);
    }
    world.trace.line("world", `${alone.name} is ${isBlocked ? "cut off" : "back"}`);
  };
  world.note("partition");
  set(true);
  world.scheduler.after(forMs, () => set(false));
}

/** Somebody cannot sleep. */
function commitNowAndThen(world: World, night: Night, prng: Prng): void {
  const next = (): void =>
    void world.scheduler.after(night.scaled(drawInt(prng, 10, 40) * 60_000), () => {
      if (world.phase() !== "safety") return;
      const text = prng.int(1_000_000);
      world.remote.humanCommit(`notes-${prng.int(5)}`, String(text));
      world.note("person committed to the target branch");
      next();
    });
  next();
}

/** Whether it is the right end or not. */
function hasSettled(world: World, { told, stories }: Night): boolean {
  const items = runningMachines(world)[0]?.running.node.replica.view().items;
  return (
    told.size === stories.length &&
    [...told.keys()].every((id) => {
      const state = items?.get(id)?.best?.state;
      if (state === undefined) return false;
      const { stage } = state.stage;
      return stage === "Done" || stage === "Archived" || (state.overBudget && state.claim === null);
    })
  );
}

/** What a person reads of every item in the morning. */
export async function readMorning(world: World, night: Night): Promise<ReadonlyMap<string, EndedItem>> {
  const [machine] = runningMachines(world);
  const shown = new Map<string, EndedItem>();
  if (machine === undefined) return shown;
  for (const id of night.told.keys()) {
    const answer = await world.scheduler.settled(machine.running.node.api.command("item.show", { item: id }), SETUP_MS);
    const item = answer?.ok === true ? endedItem(answer.value) : undefined;
    if (item !== undefined) shown.set(id, item);
  }
  return shown;
}

function endedItem(answer: Json): EndedItem | undefined {
  if (typeof answer !== "object" || answer === null) return undefined;
  const fields = new Map<string, Json>(Object.entries(answer));
  const [stage, note, why] = [fields.get("stage"), fields.get("note"), fields.get("why")];
  const [reason, attempts] = [fields.get("archiveReason"), fields.get("attempts")];
  if (typeof stage !== "string" || typeof note !== "string" || typeof attempts !== "number") return undefined;
  const words = Array.isArray(why) ? why.map(String) : [];
  return { stage, note, attempts, why: words, archiveReason: typeof reason === "string" ? reason : null };
}
