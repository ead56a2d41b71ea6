/**
 * The merge queue: what lands next, in which order, and who lands it. Every node derives the same one from the view, but for
 * what it has heard itself: whether a lease is expired, and which landings it has seen.
 *
 *     most urgent first:  #a (head)  #b  #c        held or with open dependencies: not in line
 *                          └ its claim's holder is the merger, and takes the ones behind it along
 *
 * One node merges at a time, because two that test trains on one base make each other's work worthless. That saves cost; that
 * an item lands once is the compare-and-swap's business, whoever merges.
 */
import { isLive, type LiveItem } from "../command/find.ts";
import type { View } from "../fold/fold.ts";
import type { Claim } from "../fold/item-state.ts";
import type { QueueSetting } from "../member/membership.ts";
import type { QueueMode } from "../op/bodies.ts";
import { chainOf, compareUrgency, openDependencies } from "./project.ts";
import { awaitedOf, type QaPolicy, waitingFor } from "../command/review.ts";

export interface QueueHearing {
  /** What the project asks for before something lands, as far as this node knows it. */
  readonly qa: () => QaPolicy | undefined;
  readonly isExpired: (claim: Claim) => boolean;
  /** This node has found the item's landing on the target branch. */
  readonly isVerified: (item: string) => boolean;
}

export interface MergeQueue {
  readonly mode: QueueMode;
  /** Why it is not open, in words; empty when it is. */
  readonly note: string;
  /** What may land, the head first. */
  readonly line: readonly LiveItem[];
  /** In Merge and not in line, each with the reason in words. */
  readonly aside: readonly { readonly item: LiveItem; readonly why: string }[];
  /** Member id of who lands what is in line; undefined while nobody alive holds the head. */
  readonly merger: string | undefined;
}

export function mergeQueueOf(view: View, hearing: QueueHearing): MergeQueue {
  const setting = settingOf(view);
  const waiting = [...view.items.values()]
    .filter(isLive)
    .filter(({ best }) => best.state.stage.stage === "Merge")
    .toSorted(compareUrgency)
    .map((item) => ({ item, why: reasonAside(item, view, setting, hearing) }));
  const line = waiting.flatMap(({ item, why }) => (why === "" ? [item] : []));
  const claim = line[0]?.best.state.claim ?? null;
  return {
    mode: setting.mode,
    note: setting.note,
    line,
    aside: waiting.filter(({ why }) => why !== ""),
    merger: claim === null || hearing.isExpired(claim) ? undefined : claim.holder,
  };
}

type Setting = Pick<QueueSetting, "mode" | "note" | "lamport" | "wall">;

const OPEN: Setting = { mode: "open", note: "", lamport: 0, wall: 0 };

/** A mesh works on the project that was set last. */
const settingOf = ({ membership }: View): Setting =>
  membership.queues.get([...membership.projects.keys()].at(-1) ?? "") ?? OPEN;

/** Why people's word on the queue keeps the item from landing, and since when; undefined when it does not. */
export function queueShut(item: LiveItem, view: View): { readonly why: string; readonly since: number } | undefined {
  const setting = settingOf(view);
  const why = shutBy(item, setting);
  return why === "" ? undefined : { why, since: setting.wall };
}

function shutBy(item: LiveItem, { mode, note, lamport }: Setting): string {
  const because = note === "" ? "" : `: ${note}`;
  if (mode === "paused") return `the merge queue is paused${because}`;
  return mode === "draining" && passedAt(item) > lamport ? `the merge queue takes nothing new${because}` : "";
}

/** Empty when nothing keeps the item from landing. */
function reasonAside(item: LiveItem, { items }: View, setting: Setting, { isVerified, qa }: QueueHearing): string {
  const shut = shutBy(item, setting);
  if (shut !== "") return shut;
  const hold = item.registers.hold.value;
  if (hold !== "") return `it is on hold: ${hold}`;
  const open = openDependencies(item, items, isVerified);
  if (open.length > 0) return `it waits for ${open.join(", ")} to land first`;
  const policy = qa();
  if (policy === undefined) return "";
  // The merger waits for witnesses with the item in its place: what they sign is good for this tree alone.
  return waitingFor({ ...awaitedOf(item, policy), witnesses: 0 });
}

/** When it came into the queue; a drain lets out what was in it before. */
const passedAt = (item: LiveItem): number =>
  chainOf(item, item.best.id).find(({ kind }) => kind === "item.pass")?.lamport ?? 0;
