/**
 * What an attempt has made, as the log says it: the branch that it submitted, or that it left unfinished. A claim of Qa or Merge
 * makes nothing of its own: what it looks at is the branch of an attempt before it.
 */
import { type HistoryEntry, type ItemHistory, parentOf, stateOf } from "../fold/history.ts";
import { compareRank, type Rank } from "../fold/item-state.ts";
import { type Feature, featureIn } from "../fold/stage.ts";
import type { LiveItem } from "./find.ts";

export interface AttemptMade {
  /** The epoch in the branch's name: the attempt whose work it is. */
  readonly epoch: number;
  readonly feature: Feature;
}

/**
 * Of this epoch; without one, what the item's head came from, or else the best of what stands beside it. Undefined when nothing
 * was made.
 */
export function attemptMade(item: LiveItem, epoch?: number): AttemptMade | undefined {
  if (epoch === undefined) return onTheWay(item) ?? bestOf(item, () => true);
  const own = bestOf(item, (entry) => madeIn(entry)?.epoch === epoch);
  return own ?? bestOf(item, (entry) => stateOf(entry)?.epoch === epoch);
}

/** What each attempt has made, by its epoch; of two that held one epoch the best. */
export function attemptsMade(item: ItemHistory): ReadonlyMap<number, AttemptMade> {
  const made = new Map<number, AttemptMade & { readonly rank: Rank }>();
  for (const entry of item.entries.values()) {
    const [one, state] = [madeIn(entry), stateOf(entry)];
    if (one === undefined || state === undefined) continue;
    const { lamport, author, id } = entry;
    const rank: Rank = { state, lamport, author, id };
    const other = made.get(one.epoch);
    if (other === undefined || compareRank(rank, other.rank) > 0) made.set(one.epoch, { ...one, rank });
  }
  return made;
}

function onTheWay(item: LiveItem): AttemptMade | undefined {
  for (let entry = item.entries.get(item.best.id); entry !== undefined; entry = parentOf(item, entry)) {
    const made = madeIn(entry);
    if (made !== undefined) return made;
  }
  return undefined;
}

function bestOf(item: ItemHistory, counts: (entry: HistoryEntry) => boolean): AttemptMade | undefined {
  const [best] = [...item.entries.values()]
    .flatMap((entry) => {
      const [made, state] = [madeIn(entry), stateOf(entry)];
      const { lamport, author, id } = entry;
      return made === undefined || state === undefined || !counts(entry)
        ? []
        : [{ made, rank: { state, lamport, author, id } }];
    })
    .toSorted((a, b) => compareRank(b.rank, a.rank));
  return best?.made;
}

function madeIn(entry: HistoryEntry): AttemptMade | undefined {
  const state = stateOf(entry);
  const stage = state?.stage;
  const feature = stage?.stage === "Qa" || stage?.stage === "Merge" ? featureIn(stage) : (state?.left ?? undefined);
  return feature === undefined ? undefined : { epoch: Number(feature.featureBranch.split("/")[2]), feature };
}
