/**
 * What one attempt has cost on one day. Its holder tells it again and again, each time in all, so the order in which the
 * ops come makes no difference and one that is lost costs nothing: of each count the greatest stands, because money that
 * is spent stays spent, and what is set aside is as the last op says.
 */
import type { SpendCounts } from "../op/bodies.ts";
import { compareStamp, type Stamp } from "../op/stamp.ts";

export interface Spend extends Stamp {
  /** Id (hex) of the attempt's claim op. */
  readonly claim: string;
  readonly epoch: number;
  /** The member that holds or held the claim. */
  readonly member: string;
  /** In UTC, as its node's clock had it: `2026-11-21`. */
  readonly day: string;
  readonly agent: string;
  /** By the model's name. A count that is not there is unknown. */
  readonly models: ReadonlyMap<string, SpendCounts>;
  /** In millionths of a dollar. */
  readonly reserved: number;
}

export function mergeSpend(a: Spend, b: Spend): Spend {
  const last = compareStamp(a, b) < 0 ? b : a;
  const models = new Map(a.models);
  for (const [model, counts] of b.models) models.set(model, greatest(models.get(model), counts));
  return { ...last, models };
}

function greatest(a: SpendCounts | undefined, b: SpendCounts): SpendCounts {
  if (a === undefined) return b;
  const counts = new Map(a);
  for (const [name, count] of b) counts.set(name, Math.max(count, counts.get(name) ?? 0));
  return counts;
}
