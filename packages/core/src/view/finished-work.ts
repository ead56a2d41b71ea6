/**
 * Work on an item that is finished and was judged by nobody yet: two nodes had the item, and the one whose claim lost
 * submitted a result. Whoever has the item now can take it to the gate instead of paying for the same work again.
 */
import type { LiveItem } from "../command/find.ts";
import { type HistoryEntry, type ItemHistory, parentOf, stateOf } from "../fold/history.ts";
import { compareRank, type Rank } from "../fold/item-state.ts";
import { type Feature, featureIn } from "../fold/stage.ts";

/** The best result that stands beside the item's state, if there is one. */
export function finishedWork(item: LiveItem): Feature | undefined {
  const { generation } = item.best.state;
  const submitted = submissionsOf(item).filter(({ rank }) => rank.state.generation === generation);
  if (submitted.length === 0) return undefined;
  const refused = refusedTips(item);
  const [best] = submitted
    .filter(({ feature }) => !refused.has(feature.tip))
    .toSorted((a, b) => compareRank(b.rank, a.rank));
  return best?.feature;
}

/**
 * The branch that the item's last failed attempt left to be gone on with: it is finished and conflicts with the target branch.
 * What is not to blame comes and goes in between; whoever starts the item anew starts it without.
 */
export function conflictedWork(item: LiveItem): Feature | undefined {
  let entry = item.entries.get(item.best.id);
  for (; entry !== undefined; entry = parentOf(item, entry)) {
    if (entry.kind === "item.start") return undefined;
    if (entry.kind === "item.sendBack" && isRefusal(item, entry)) return stateOf(entry)?.left ?? undefined;
  }
  return undefined;
}

/** Tips that a gate or a person sent back, that were given up, or that somebody took out of the pipeline. */
export function refusedTips(item: ItemHistory): ReadonlySet<string> {
  const tips = new Set<string>();
  // What is before an op that was seen was seen with it: a history of refusals alone is walked once.
  const seen = new Set<string>();
  for (const entry of item.entries.values()) {
    if (!isRefusal(item, entry)) continue;
    for (let on = parentOf(item, entry); on !== undefined && !seen.has(on.id); on = parentOf(item, on)) {
      seen.add(on.id);
      const feature = submittedIn(on);
      if (feature !== undefined) tips.add(feature.tip);
    }
  }
  return tips;
}

interface Submission {
  readonly feature: Feature;
  readonly rank: Rank;
}

function submissionsOf(item: ItemHistory): readonly Submission[] {
  return [...item.entries.values()].flatMap((entry) => {
    const { id, author, lamport, outcome, kind } = entry;
    const feature = submittedIn(entry);
    if (kind !== "item.submit" || feature === undefined || outcome.type !== "accepted") return [];
    return [{ feature, rank: { state: outcome.state, lamport, author, id } }];
  });
}

/** What failed without being to blame counts no attempt, and refuses nothing. */
function isRefusal(item: ItemHistory, entry: HistoryEntry): boolean {
  const [state, before] = [stateOf(entry), stateOf(parentOf(item, entry))];
  if (state === undefined || before === undefined) return false;
  if (entry.kind === "item.sendBack") return state.attempts > before.attempts;
  return entry.kind === "item.shelve" || entry.kind === "item.archive";
}

function submittedIn(entry: HistoryEntry): Feature | undefined {
  const stage = stateOf(entry)?.stage;
  return stage?.stage === "Qa" || stage?.stage === "Merge" ? featureIn(stage) : undefined;
}
