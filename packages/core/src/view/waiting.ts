/**
 * Why an item stands still that has nothing to do with the item's own history: nobody may take work, or no node that is
 * alive has what it needs. Each reason says what ends it.
 */
import { isLive, type LiveItem } from "../command/find.ts";
import { openParts, type PartsByParent, partsByParent } from "../command/parts.ts";
import type { View } from "../fold/fold.ts";
import { unmetNeeds } from "./needs.ts";
import { explain, type Naming } from "./project.ts";
import { standbyOf } from "./standby.ts";

/** Everything that keeps the item where it is, in words. */
export function reasonsOf(item: LiveItem, view: View, naming: Naming): readonly string[] {
  const parts = partsReason(item, view, naming);
  const nobody = isClaimable(item) ? [...frozen(view), ...nobodyFits(item, view, naming)] : [];
  const waits = [...parts, ...nobody];
  return [...explain(item, view.items, naming, waits.length > 0), ...waits];
}

export const isClaimable = ({ best: { state } }: LiveItem): boolean =>
  state.claim === null && ["Coding", "Qa", "Merge"].includes(state.stage.stage);

/** The parts that the item waits for. `parts`: those of all items, which whoever asks for many has looked up already. */
export function awaitedParts(
  item: LiveItem,
  { items }: View,
  { landingOf }: Naming,
  parts: () => PartsByParent = () => partsByParent(items),
): readonly string[] {
  const { stage, claim } = item.best.state;
  if (claim !== null || (stage.stage !== "Backlog" && stage.stage !== "Coding")) return [];
  return openParts(parts().get(item.id) ?? [], items, (id) => landingOf(id).state === "verified");
}

function partsReason(item: LiveItem, view: View, naming: Naming): readonly string[] {
  const open = awaitedParts(item, view, naming);
  return open.length === 0 ? [] : [`Its own work begins once its parts have landed: ${open.join(", ")}.`];
}

function frozen({ membership }: View): readonly string[] {
  const setting = membership.work.get("");
  if (setting === undefined || setting.mode === "open") return [];
  const because = setting.note === "" ? "" : `: ${setting.note}`;
  return [`The mesh is frozen${because}. \`skein unfreeze\` lets nodes take work again.`];
}

/** How many items that could be worked on no node which is alive could take. */
export const countUntakable = (view: View, naming: Naming): number =>
  [...view.items.values()].filter(
    (item) => isLive(item) && isClaimable(item) && whyNobodyFits(item, view, naming) !== undefined,
  ).length;

/** Why no node that is alive takes the item: those that could are drained, or its labels ask for what nobody has. */
export type NobodyFits =
  | { readonly type: "drained"; readonly nodes: readonly string[] }
  /** `nowhere`: what not one of them has; empty when each lacks something else. */
  | { readonly type: "labels"; readonly nowhere: readonly string[] };

/** Undefined while some node could take it, and where nobody hears any. */
export function whyNobodyFits(item: LiveItem, view: View, { aliveNodes }: Naming): NobodyFits | undefined {
  const labels = item.registers.labels.value;
  const alive = aliveNodes?.() ?? [];
  const lacking = alive.map((node) => ({ node, unmet: unmetNeeds(labels, node.labels) }));
  if (lacking.length === 0) return undefined;
  const fitting = lacking.filter(({ unmet }) => unmet.length === 0);
  if (fitting.some(({ node }) => standbyOf(view, node.id)?.scope !== "node")) return undefined;
  if (fitting.length > 0) return { type: "drained", nodes: fitting.map(({ node }) => node.id) };
  const nowhere = lacking.map(({ unmet }) => unmet).reduce((all, unmet) => all.filter((need) => unmet.includes(need)));
  return { type: "labels", nowhere };
}

function nobodyFits(item: LiveItem, view: View, naming: Naming): readonly string[] {
  const why = whyNobodyFits(item, view, naming);
  if (why === undefined) return [];
  if (why.type === "drained") return [STANDING_BY];
  const { nowhere } = why;
  const what = nowhere.length > 0 ? `has ${nowhere.join(", ")}` : "meets all that its labels ask for";
  return [`No node that is alive ${what}. Start a node with \`--label KEY=VALUE\`, or change the item's labels.`];
}

const STANDING_BY =
  "Every node that could take it is drained. `skein nodes` shows them, `skein undrain NODE` ends that.";
