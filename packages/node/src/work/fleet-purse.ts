/**
 * This node's part of the fleet's budget: it says in its beats when it lacks money for work, gives to others what it does not
 * need, and says when somebody has taken more than was theirs.
 */
import { err, fromHex, MESH_ENTITY, ok, overdrafts, planGift, rightsOn } from "@skein/core";

import type { Incidents } from "../incidents.ts";
import type { Journal } from "../journal.ts";
import type { Logger } from "../logger.ts";
import type { WorkDeps } from "./attempt-context.ts";
import type { OpenProject } from "./project.ts";
import { dayOf } from "./spending.ts";

/** A beat's `activity` has item ids as keys, and this. */
export const SHORT_OF_MONEY = "budget";

export interface FleetPurse {
  /** Looks at the budget of today. */
  look(project: OpenProject, wants: Wants): Promise<void>;
  isShort(): boolean;
}

interface Wants {
  /** There is work here, and only this node's rights are missing for it. */
  readonly isShort: boolean;
  /** In millionths of a dollar: for work here that it is about to begin. */
  readonly saved: number;
}

export interface FleetPurseDeps extends Pick<WorkDeps, "clock" | "replica" | "self"> {
  readonly journal: Pick<Journal, "write" | "problem">;
  readonly incidents: Pick<Incidents, "record">;
  readonly log: Logger;
  readonly nameOf: (member: string) => string;
  /** The other members that are there, and whether they say that they lack money. */
  readonly others: () => ReadonlyMap<string, { readonly isShort: boolean }>;
  /** Others should hear soon that this node lacks money, or does not any more. */
  readonly onShort: () => void;
}

export function createFleetPurse(deps: FleetPurseDeps): FleetPurse {
  let short = false;
  const said = new Set<string>();
  const tell = (day: string, words: ReadonlyMap<string, string>): void => {
    for (const [member, message] of words) {
      if (said.has(`${day} ${member}`)) continue;
      said.add(`${day} ${member}`);
      deps.incidents.record("overdrawn", deps.nameOf(member), message);
      deps.log("warn", "budget.overdrawn", { member, message });
    }
  };
  const give = async (day: string, need: number, saved: number): Promise<void> => {
    const others = deps.others();
    const self = deps.self().key;
    const lacking = [...others].flatMap(([member, { isShort }]) => (isShort ? [member] : []));
    if (lacking.length === 0) return;
    const written = await deps.journal.write<{ readonly message: string }>(() => {
      const rights = rightsOn(deps.replica.view(), day);
      const alive = new Set([self, ...others.keys()]);
      const gift =
        rights === undefined
          ? undefined
          : planGift({ rights, self, short: new Set(short ? [self, ...lacking] : lacking), alive, need, saved });
      const to = gift === undefined ? undefined : fromHex(gift.to);
      if (gift === undefined || to === undefined) return err({ message: "there is nothing to give" });
      return ok([
        { entity: MESH_ENTITY, on: null, body: { kind: "budget.transfer", day, to, microUsd: gift.microUsd } },
      ]);
    });
    if (written.ok) deps.log("info", "budget.given", { day });
  };
  return {
    isShort: () => short,
    look: async (project, { isShort, saved }) => {
      if (short !== isShort) {
        short = isShort;
        deps.onShort();
      }
      const day = dayOf(deps.clock.wallMs());
      const { membership } = deps.replica.view();
      if (membership.budgets.size === 0) return;
      const rights = rightsOn(deps.replica.view(), day);
      if (rights === undefined) return;
      tell(day, overdrafts(rights, deps.nameOf));
      const need = project.config().budget.attempt;
      const mayWrite = deps.journal.problem() === undefined && deps.self().role !== "observer";
      if (need !== null && mayWrite) await give(day, need, saved);
    },
  };
}
