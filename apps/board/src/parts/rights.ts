/** What a role may do is the node's to say; what it may not do is not offered. Pure. */
import type { Session } from "../session.ts";

/** Reading the signal is what keeps the part that asks up to date. */
export function maySteer({ who }: Pick<Session, "who">): boolean {
  const role = who.value?.role;
  return role === "operator" || role === "owner";
}
