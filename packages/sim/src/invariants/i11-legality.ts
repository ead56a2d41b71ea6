/**
 * I11, I17, I19 and I24: every accepted op is an edge of the stage graph from the op it names, by an author whose role may
 * send it; epochs and generations move as they may; what is rejected says why. The tables are written down here a second
 * time on purpose: the checker does not ask the code under test what is right.
 */
import type { HistoryEntry, ItemHistory, ItemState, Member, Role } from "@skein/core";

import type { World } from "../world.ts";
import type { MakeChecker } from "./checker.ts";
import { correctMachines } from "./i07-convergence.ts";

const WORK = ["Coding", "Qa", "Merge"];

/** From where each event may start, and where it leads; null: it stays. */
const EDGES: Readonly<Record<string, { readonly from: readonly string[]; readonly to: string | null }>> = {
  "item.start": { from: ["Backlog"], to: "Coding" },
  "item.shelve": { from: WORK, to: "Backlog" },
  "item.claim": { from: WORK, to: null },
  "item.release": { from: WORK, to: null },
  "item.submit": { from: ["Coding"], to: "Qa" },
  "item.pass": { from: ["Qa"], to: "Merge" },
  "item.sendBack": { from: WORK, to: "Coding" },
  "item.land": { from: ["Backlog", ...WORK, "Archived"], to: "Done" },
  "item.archive": { from: ["Backlog", ...WORK, "Done"], to: "Archived" },
  "item.restore": { from: ["Archived"], to: "Backlog" },
};

const RAISES_EPOCH = new Set(["item.claim", "item.release", "item.sendBack", "item.shelve", "item.restore"]);
const FOR_OPERATORS = new Set(["item.create", "item.start", "item.shelve", "item.restore", "item.set", "item.delete"]);
const FOR_HOLDERS = new Set(["item.submit", "item.pass", "item.release"]);

export const legality: MakeChecker = (world) => ({
  onEnd: () => {
    // The logs are equal by now; if they are not, I7 says so.
    const [machine] = correctMachines(world);
    if (machine === undefined) return;
    const view = machine.running.node.replica.view();
    for (const item of view.items.values()) {
      for (const entry of item.entries.values()) {
        const problem = problemOf(item, entry, sayOf(view.membership.members.get(entry.author), entry));
        if (problem !== undefined)
          world.violate(problem.id, `item ${item.id}, ${entry.kind} ${entry.id.slice(0, 12)}: ${problem.message}`);
        noteRejection(world, entry);
      }
    }
  },
});

/** The role, as far as the author's removal does not lie before the op. */
function sayOf(member: Member | undefined, { incarnation, seq }: HistoryEntry): Role | undefined {
  const isBeyond = member?.cut != null && seq > (member.cut.get(incarnation) ?? 0);
  return isBeyond ? undefined : member?.role;
}

type Problem = { readonly id: "I11" | "I17" | "I19" | "I24"; readonly message: string } | undefined;

function problemOf(item: ItemHistory, entry: HistoryEntry, role: Role | undefined): Problem {
  const { outcome, kind } = entry;
  if (outcome.type === "rejected" || outcome.type === "quarantined") {
    return outcome.reason === "" ? { id: "I11", message: `${outcome.type} without a reason` } : undefined;
  }
  if (role === undefined) return { id: "I24", message: "its author is not a member, or was removed before it" };
  if (role === "observer" || (role === "agent" && FOR_OPERATORS.has(kind))) {
    return { id: "I24", message: `${role} may not` };
  }
  if (outcome.type === "noted" || kind === "item.create") return undefined;
  const parent = entry.on === null ? undefined : item.entries.get(entry.on);
  if (parent?.outcome.type !== "accepted") return { id: "I11", message: "it does not build on an accepted stage" };
  return edgeProblem(entry, parent.outcome.state, outcome.state, role);
}

function edgeProblem(entry: HistoryEntry, from: ItemState, to: ItemState, role: Role): Problem {
  const edge = EDGES[entry.kind];
  const [was, is] = [from.stage.stage, to.stage.stage];
  if (edge === undefined || !edge.from.includes(was) || is !== (edge.to ?? was)) {
    return { id: "I11", message: `${was} to ${is} is no edge` };
  }
  if (to.epoch !== from.epoch + (RAISES_EPOCH.has(entry.kind) ? 1 : 0)) {
    return { id: "I19", message: `epoch ${from.epoch} became ${to.epoch}` };
  }
  if (to.generation !== from.generation + (entry.kind === "item.restore" ? 1 : 0)) {
    return { id: "I17", message: `generation ${from.generation} became ${to.generation}` };
  }
  if (FOR_HOLDERS.has(entry.kind) && from.claim?.holder !== entry.author) {
    return { id: "I24", message: "it is for the holder of the claim" };
  }
  if (entry.kind === "item.sendBack" && role === "agent" && from.claim?.holder !== entry.author) {
    return { id: "I24", message: "it is for the holder of the claim, or an operator" };
  }
  return undefined;
}

function noteRejection(world: World, { author, outcome }: HistoryEntry): void {
  if (outcome.type === "rejected" && world.byzantine.has(author)) world.note("byzantine: role abuse refused");
}
