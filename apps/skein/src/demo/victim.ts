/** Whom `--kill` takes away: a node in the middle of an attempt. Pure. */
import type { DemoItem } from "./answers.ts";

export interface Victim {
  readonly item: string;
  readonly title: string;
  readonly name: string;
}

export interface VictimInput {
  readonly items: readonly DemoItem[];
  /** Serves the board that a person may have open, so it is the last choice. */
  readonly first: string;
  /** `<item>/<epoch>` → when this claim was first seen. */
  readonly seenSince: ReadonlyMap<string, number>;
  readonly nowMs: number;
}

/** An attempt is in its middle when its agent had the time to begin. */
const MIDDLE_MS = 1_200;
/** After this long without another holder, the first node it is. */
const PATIENCE_MS = 2_200;

export function chooseVictim({ items, first, seenSince, nowMs }: VictimInput): Victim | undefined {
  const held = items.flatMap((item) => {
    const { claim } = item;
    if (claim === null || claim.expired || item.stage !== "Coding" || item.attempts > 0) return [];
    const heldMs = nowMs - (seenSince.get(claimKey(item.id, claim.epoch)) ?? nowMs);
    const neededMs = claim.nodeName === first ? PATIENCE_MS : MIDDLE_MS;
    return heldMs >= neededMs ? [{ item: item.id, title: item.title, name: claim.nodeName, heldMs }] : [];
  });
  const [choice] = held.toSorted((a, b) => Number(a.name === first) - Number(b.name === first) || b.heldMs - a.heldMs);
  return choice === undefined ? undefined : { item: choice.item, title: choice.title, name: choice.name };
}

const claimKey = (item: string, epoch: number): string => `${item}/${epoch}`;

/** Remembers when each claim was first seen. */
export function noteClaims(
  items: readonly DemoItem[],
  seenSince: ReadonlyMap<string, number>,
  nowMs: number,
): ReadonlyMap<string, number> {
  const seen = new Map(seenSince);
  for (const { id, claim } of items) {
    if (claim === null) continue;
    const key = claimKey(id, claim.epoch);
    if (!seen.has(key)) seen.set(key, nowMs);
  }
  return seen;
}
