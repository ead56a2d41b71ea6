/**
 * Who takes no work, by the word of people: a node that is drained, and everybody while the mesh is frozen. The word is in
 * the log, so it outlives restarts and every node plans around it.
 */
import type { View } from "../fold/fold.ts";

export interface Standby {
  readonly scope: "node" | "mesh";
  /** `leaving`: what it works on is given back too. */
  readonly mode: "draining" | "leaving";
  readonly note: string;
}

/** Undefined for a member that takes work. */
export function standbyOf({ membership }: Pick<View, "membership">, member: string): Standby | undefined {
  const own = settingOf(membership.work.get(member), "node");
  const all = settingOf(membership.work.get(""), "mesh");
  return all?.mode === "leaving" ? all : (own ?? all);
}

export const isFrozen = ({ membership }: Pick<View, "membership">): boolean =>
  (membership.work.get("")?.mode ?? "open") !== "open";

function settingOf(
  setting: { readonly mode: "open" | "draining" | "leaving"; readonly note: string } | undefined,
  scope: Standby["scope"],
): Standby | undefined {
  if (setting === undefined || setting.mode === "open") return undefined;
  return { scope, mode: setting.mode, note: setting.note };
}

/** In words: `draining: the disk is swapped`. */
export function describeStandby({ scope, mode, note }: Standby): string {
  const what = scope === "mesh" ? "frozen with the mesh" : mode === "leaving" ? "drained" : "draining";
  return note === "" ? what : `${what}: ${note}`;
}
