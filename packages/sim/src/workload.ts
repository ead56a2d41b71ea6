/**
 * What people do while everything breaks: they add, edit, start, move, hold, archive, restore and delete items on any node,
 * invite machines and remove them. Every "ok" goes into the ledger of what must not be lost.
 */
import { ARCHIVE_REASONS, type CommandName } from "@skein/core";
import type { Prng } from "@skein/core/testing";
import type { Json } from "@skein/node";

import type { Machine, World } from "./world.ts";

/** Text that would do something if it ever were code, a path, a ref or a flag. */
export const CANARY = "$(canary);`canary`|../--upload-pack=canary";

interface Chore {
  readonly weight: number;
  readonly command: CommandName;
  /** Undefined when there is nothing to do it to. */
  readonly input: (prng: Prng, items: readonly Item[]) => Readonly<Record<string, unknown>> | undefined;
}

interface Item {
  readonly id: string;
  readonly stage: string;
  readonly held: boolean;
}

const onSome =
  (isFit: (item: Item) => boolean, more: (prng: Prng, items: readonly Item[]) => object): Chore["input"] =>
  (prng, items) => {
    const fit = items.filter(isFit);
    return fit.length === 0 ? undefined : { item: prng.pick(fit).id, ...more(prng, items) };
  };

const anything = (): boolean => true;
const inStages =
  (...stages: readonly string[]) =>
  ({ stage }: Item): boolean =>
    stages.includes(stage);

const newItem =
  (start: boolean): Chore["input"] =>
  (prng, items) => ({
    title: `Story ${prng.int(1_000)} ${prng.chance(0.3) ? CANARY : ""}`.trim(),
    text: CANARY,
    priority: prng.int(10),
    ...(items.length > 0 && prng.chance(0.15) ? { dependsOn: [prng.pick(items).id] } : {}),
    start,
  });

const CHORES: readonly Chore[] = [
  { weight: 24, command: "item.add", input: newItem(true) },
  { weight: 5, command: "item.add", input: newItem(false) },
  { weight: 12, command: "item.edit", input: onSome(anything, (prng) => ({ title: `Edited ${prng.int(1_000)}` })) },
  { weight: 6, command: "item.edit", input: onSome(anything, (prng) => ({ priority: prng.int(10), text: CANARY })) },
  { weight: 8, command: "item.start", input: onSome(inStages("Backlog"), () => ({})) },
  { weight: 5, command: "item.move", input: onSome(anything, (prng) => ({ stage: prng.pick(["backlog", "coding"]) })) },
  {
    weight: 5,
    command: "item.hold",
    input: onSome(
      ({ held }) => !held,
      () => ({ reason: `waits ${CANARY}` }),
    ),
  },
  {
    weight: 8,
    command: "item.hold",
    input: onSome(
      ({ held }) => held,
      () => ({ release: true }),
    ),
  },
  {
    weight: 5,
    command: "item.archive",
    input: onSome(anything, (prng) => ({ reason: prng.pick(ARCHIVE_REASONS), note: CANARY })),
  },
  { weight: 6, command: "item.restore", input: onSome(inStages("Archived"), () => ({})) },
  { weight: 5, command: "item.reject", input: onSome(inStages("Qa", "Merge"), () => ({ note: CANARY })) },
  { weight: 2, command: "item.delete", input: onSome(anything, () => ({})) },
];

const TOTAL_WEIGHT = CHORES.reduce((sum, { weight }) => sum + weight, 0);

function pickChore(prng: Prng): Chore {
  let at = prng.int(TOTAL_WEIGHT);
  for (const chore of CHORES) {
    at -= chore.weight;
    if (at < 0) return chore;
  }
  throw new Error("the weights do not add up");
}

/** One thing that a person does somewhere. */
export function doSomething(world: World, prng: Prng): void {
  const able = world.machines.filter((machine) => canTake(machine) || prng.chance(0.02));
  const chore = pickChore(prng);
  const machine = able.length === 0 ? undefined : prng.pick(able);
  if (machine === undefined) return;
  const items = itemsOn(machine);
  const input = chore.input(prng, items);
  if (input !== undefined) command(world, machine, chore.command, input);
  else command(world, machine, "item.add", { title: "Nothing else to do", start: true });
}

/** People give their commands where they are allowed to, and only now and then elsewhere. */
function canTake({ running, removed, key }: Machine): boolean {
  if (running === undefined || running.life.frozen || removed) return false;
  const role = running.node.replica.view().membership.members.get(key)?.role;
  return role === "owner" || role === "operator";
}

function itemsOn({ running }: Machine): readonly Item[] {
  const items = running?.node.api.board.current().items.values() ?? [];
  return [...items].map(({ id, stage, hold }) => ({ id, stage, held: hold !== "" }));
}

/** Gives a command and keeps what was promised. */
export function command(world: World, machine: Machine, name: CommandName, input: object): void {
  void answerOf(world, machine, name, input);
}

/** The same, with the answer; undefined when there was none, or a refusal. */
export async function answerOf(
  world: World,
  machine: Machine,
  name: CommandName,
  input: object,
): Promise<Json | undefined> {
  const { running } = machine;
  if (running === undefined) return undefined;
  const result = await running.node.api.command(name, input);
  // Nobody heard the answer of a program that died meanwhile.
  if (!running.life.alive) return undefined;
  world.trace.line(machine.name, `${name} ${result.ok ? "ok" : result.error.code}`);
  if (!result.ok) {
    if (result.error.code === "not-saved") world.note("command refused: nothing could be saved");
    if (result.error.code === "not-legal") world.note("command refused: not legal");
    return undefined;
  }
  if (name === "item.hold" && "reason" in input) world.note("item held");
  for (const op of opsIn(result.value)) world.acks.push({ op, machine, holders: undefined });
  return result.value;
}

function opsIn(answer: Json): readonly string[] {
  if (typeof answer !== "object" || answer === null || !("ops" in answer)) return [];
  const { ops } = answer;
  return Array.isArray(ops) ? ops.filter((op): op is string => typeof op === "string") : [];
}
