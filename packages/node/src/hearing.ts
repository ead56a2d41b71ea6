/** The nodes that are alive, as this one hears them, for planning and for words about what an item waits for. */
import { type AliveNode, type Candidate, type Membership, type Naming, roleAtLeast } from "@skein/core";

import type { NodeOptions } from "./node-options.ts";
import type { Heard, Presence } from "./presence.ts";
import { SHORT_OF_MONEY } from "./work/fleet-purse.ts";
import type { Worker } from "./work/worker.ts";

/** The others. */
export const candidatesOf = (presence: Pick<Presence, "heard" | "isAlive">): readonly Candidate[] =>
  [...presence.heard()]
    .filter(([member]) => presence.isAlive(member))
    .map(([key, { beat }]) => {
      const { slots, slotsFree, load, lowDisk, labels } = beat;
      return { key, slotsFree, labels, burden: { slots, load, lowDisk } };
    });

/** Those that work at all, this one too; of itself a command that only opens the log says nothing. */
export function aliveNodes(
  { boot, idle, slots, labels }: Pick<NodeOptions, "boot" | "idle" | "slots" | "labels">,
  self: string,
  presence: Pick<Presence, "heard" | "isAlive">,
): readonly AliveNode[] {
  const own = boot > 0 && idle === null && slots > 0 ? [{ id: self, labels }] : [];
  const others = candidatesOf(presence).filter(({ burden }) => burden?.slots !== 0);
  return [...own, ...others.map(({ key: id, labels: theirs }) => ({ id, labels: theirs }))];
}

/** Which of them lack money of their own for work that is there. */
export const shortOfMoney = (presence: Presence): ReadonlyMap<string, { readonly isShort: boolean }> =>
  new Map(
    [...presence.heard()]
      .filter(([member]) => presence.isAlive(member))
      .map(([member, { beat }]) => [member, { isShort: beat.activity[SHORT_OF_MONEY] !== undefined }]),
  );

/** What words about an item need of the membership alone: the project, and the members that could run a gate, heard or not. */
export const membershipNaming = (membership: () => Membership): Pick<Naming, "project" | "able"> => ({
  project: () => [...membership().projects.keys()].at(-1) ?? "",
  able: () =>
    [...membership().members.values()].flatMap(({ id, cut, role }) =>
      cut === null && roleAtLeast(role, "agent") ? [id] : [],
    ),
});

/** What an item's holder says that it does: this node's own attempts, or another one's beat. */
export function activityOf(item: string, holder: Pick<Worker, "executions"> | Heard | undefined): string {
  if (holder === undefined) return "";
  if ("beat" in holder) return holder.beat.activity[item] ?? "";
  return holder.executions().find((one) => one.item === item)?.activity ?? "";
}
