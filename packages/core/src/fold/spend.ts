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

/** The fold's own copy: its models are changed in place, for a member may name another one in each of its ops. */
export interface MutableSpend extends Spend {
  readonly models: Map<string, SpendCounts>;
}

/** What is known with one more word about the same attempt and day. What was known before is used up. */
export function addSpend(known: MutableSpend | undefined, told: Spend): MutableSpend {
  const models = known?.models ?? new Map<string, SpendCounts>();
  for (const [model, counts] of told.models) models.set(model, greatest(models.get(model), counts));
  return { ...(known === undefined || compareStamp(known, told) < 0 ? told : known), models };
}

function greatest(a: SpendCounts | undefined, b: SpendCounts): SpendCounts {
  if (a === undefined) return b;
  const counts = new Map(a);
  for (const [name, count] of b) counts.set(name, Math.max(count, counts.get(name) ?? 0));
  return counts;
}
