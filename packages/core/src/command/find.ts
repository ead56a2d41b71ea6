/** What a command names: an item by the beginning of its id, a span of time. */
import { compareText } from "../kernel/bytes.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { View } from "../fold/fold.ts";
import type { ItemHistory } from "../fold/history.ts";
import type { CommandError } from "./error.ts";

/** The item whose id is, or begins with, `ref`. Deleted items are gone. */
export function findItem(view: View, ref: string): Result<LiveItem, CommandError> {
  const exact = view.items.get(ref);
  const matches = exact !== undefined ? [exact] : [...view.items.values()].filter((item) => item.id.startsWith(ref));
  const live = matches.filter(isLive);
  const [item] = live;
  if (item === undefined)
    return err({
      code: "not-found",
      message: `There is no item ${ref}. \`skein item list --all\` shows what there is.`,
    });
  if (live.length > 1) {
    const ids = live.map((one) => one.id).toSorted(compareText);
    return err({ code: "ambiguous", message: `${ref} may be ${ids.slice(0, 5).join(", ")}. Give more of the id.` });
  }
  return ok(item);
}

export type LiveItem = ItemHistory & {
  readonly best: NonNullable<ItemHistory["best"]>;
  readonly registers: NonNullable<ItemHistory["registers"]>;
};

export const isLive = (item: ItemHistory): item is LiveItem =>
  !item.deleted && item.best !== undefined && item.registers !== undefined;

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export const ttlMs = (ttl: string): number => Number(ttl.slice(0, -1)) * (UNIT_MS[ttl.slice(-1)] ?? 0);
