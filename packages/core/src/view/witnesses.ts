/**
 * Why an item in Merge waits for witnesses that will not come: the mesh has too few members, or too few of those that could run
 * its gate are alive, have what its labels ask for, and take work. The merger keeps the item's place in the queue meanwhile, so
 * everything behind it waits too.
 */
import type { LiveItem } from "../command/find.ts";
import { type Awaited, waitingFor } from "../command/review.ts";
import type { View } from "../fold/fold.ts";
import { unmetNeeds } from "./needs.ts";
import type { Naming } from "./project.ts";
import { isFrozen, standbyOf } from "./standby.ts";

export type MissingWitnesses = { readonly why: string } & (
  | { readonly type: "members" }
  | { readonly type: "silent" }
  /** Without these labels there would be enough. */
  | { readonly type: "labels"; readonly unmet: readonly string[] }
  | { readonly type: "drained"; readonly nodes: readonly string[] }
  | { readonly type: "frozen" }
);

/** Undefined while there are enough of them, and where nobody hears any. */
export function missingWitnesses(
  item: LiveItem,
  awaited: Awaited,
  view: View,
  naming: Naming,
): MissingWitnesses | undefined {
  const { not, witnesses } = awaited;
  if (witnesses === 0) return undefined;
  const able = naming.able?.();
  const wait = waitingFor({ ...awaited, person: false }, { able });
  const members = able?.filter((member) => !not.has(member));
  if (members !== undefined && members.length < witnesses) return { type: "members", why: wait };
  const alive = naming.aliveNodes?.() ?? [];
  if (alive.length === 0) return undefined;
  if (isFrozen(view)) return { type: "frozen", why: wait };
  const others = alive.filter(({ id }) => !not.has(id) && members?.includes(id) !== false);
  if (others.length < witnesses) {
    return { type: "silent", why: `${wait}, and ${countOf(others.length)} that could is alive` };
  }
  const labels = item.registers.labels.value;
  const fitting = others.filter((node) => unmetNeeds(labels, node.labels).length === 0);
  if (fitting.length < witnesses) {
    const unmet = [...new Set(others.flatMap((node) => unmetNeeds(labels, node.labels)))];
    return { type: "labels", unmet, why: `${wait}, and ${countOf(fitting.length)} that could has ${unmet.join(", ")}` };
  }
  const drained = fitting.filter(({ id }) => standbyOf(view, id) !== undefined).map(({ id }) => id);
  const ready = fitting.length - drained.length;
  if (ready >= witnesses) return undefined;
  const why = `${wait}, and ${countOf(ready)} that could takes work: ${drained.map(naming.nameOf).join(", ")} drained`;
  return { type: "drained", nodes: drained, why };
}

const countOf = (nodes: number): string => (nodes === 0 ? "none" : `only ${nodes}`);
