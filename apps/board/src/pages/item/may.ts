/** What the one in front of the page may do at all; the node judges each command again. */
import type { Session } from "../../session.ts";

/** Every command of this page needs the role operator. */
export function mayChange({ who }: Pick<Session, "who">): boolean {
  const role = who.value?.role;
  return role === "owner" || role === "operator";
}
