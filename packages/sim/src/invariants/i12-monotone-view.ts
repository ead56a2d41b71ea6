/**
 * I12 and I17: no node's view of an item ever goes down, restarts included; what is archived stays so but for a restore.
 * Only the removal of a member and the fork of a feed may take something back: they undo what was written after them.
 */
import type { ItemState } from "@skein/core";

import type { Machine, World } from "../world.ts";
import type { Checker, MakeChecker } from "./checker.ts";

interface Seen {
  readonly state: ItemState;
  readonly op: string;
}

const STAGE_RANK: Readonly<Record<string, number>> = { Backlog: 0, Coding: 1, Qa: 2, Merge: 3, Done: 4, Archived: 0 };

const hasLanded = ({ stage }: ItemState): boolean =>
  stage.stage === "Done" || (stage.stage === "Archived" && stage.mergeCommit !== null);

/** The key of docs/decisions/0002, written down a second time. */
const keyOf = (state: ItemState): readonly number[] => [
  hasLanded(state) ? 1 : 0,
  state.generation,
  state.stage.stage === "Archived" ? 1 : 0,
  state.epoch,
  STAGE_RANK[state.stage.stage] ?? 0,
];

export const monotoneView: MakeChecker = (world) => {
  const seen = new Map<Machine, { cuts: string; readonly items: Map<string, Seen> }>();
  const look = (machine: Machine): void => {
    const view = machine.running?.node.replica.view();
    if (view === undefined) return;
    const cuts = cutsOf(machine);
    const known = seen.get(machine);
    const last = known?.cuts === cuts ? known : { cuts, items: new Map<string, Seen>() };
    seen.set(machine, last);
    for (const [id, { best }] of view.items) {
      const before = last.items.get(id);
      if (best === undefined) {
        if (before !== undefined && !machine.rolledBack) world.violate("I12", `${machine.name}: item ${id} is gone`);
        continue;
      }
      if (before?.op === best.id) continue;
      if (before !== undefined) compare(world, machine, id, before, best.state);
      last.items.set(id, { state: best.state, op: best.id });
    }
  };
  const checker: Checker = { onView: look };
  return checker;
};

function compare(world: World, machine: Machine, id: string, before: Seen, now: ItemState): void {
  const [was, is] = [keyOf(before.state), keyOf(now)];
  const at = was.findIndex((part, index) => part !== is[index]);
  const text = `${machine.name}: item ${id} went from ${before.state.stage.stage} (${was.join(".")}) to ${now.stage.stage} (${is.join(".")})`;
  if (at >= 0 && (was[at] ?? 0) > (is[at] ?? 0) && !machine.rolledBack) world.violate("I12", text);
  const leaves = before.state.stage.stage === "Archived" && now.stage.stage !== "Archived";
  if (leaves && !hasLanded(now) && now.generation === before.state.generation && !machine.rolledBack)
    world.violate("I17", text);
  if (leaves && hasLanded(now) && !hasLanded(before.state)) world.note("archived item turned out to have landed");
  const { stage } = now;
  if (stage.stage === "Archived" && stage.reason === "Blocked") world.note("item archived as Blocked");
  const back = now.stage.stage === "Coding" && (STAGE_RANK[before.state.stage.stage] ?? 0) > 1;
  if (back) world.note("item sent back");
  const adopted =
    before.state.stage.stage === "Coding" &&
    stage.stage === "Qa" &&
    Number(stage.featureBranch.split("/")[2]) < (now.claim?.epoch ?? 0);
  if (adopted) world.note("finished result of another attempt taken to the gate");
}

/** What of whom counts: when that changes, everything may. */
function cutsOf({ running }: Machine): string {
  const replica = running?.node.replica;
  if (replica === undefined) return "";
  const cuts = [...replica.view().membership.members.values()]
    .filter((member) => member.cut !== null)
    .map((member) => `${member.key} ${[...(member.cut ?? [])].join(" ")}`);
  return [...cuts, ...[...replica.forks()].map(([feed, seq]) => `${feed} ${seq}`)].join("\n");
}
