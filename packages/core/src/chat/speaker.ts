/** Members that speak through another member's node, as its page lets them: their name where a principal's would stand. */
import type { Membership } from "../member/membership.ts";
import type { People } from "./chat-view.ts";

const PREFIX = "mesh:";

/** The principal of a member (id in hex). No platform is called `mesh`. */
export const memberPrincipal = (member: string): string => `${PREFIX}${member}`;

/** The member's id when the principal is one itself. */
export const memberOfPrincipal = (principal: string): string | undefined =>
  principal.startsWith(PREFIX) ? principal.slice(PREFIX.length) : undefined;

/** Member id (hex) of whoever stands behind this principal; undefined when that is nobody with a key. */
export const memberBehind = (principal: string, people: People): string | undefined =>
  memberOfPrincipal(principal) ?? people.byPrincipal.get(principal)?.member ?? undefined;

/** A person's or member's name; the principal itself when it is nobody's any more. */
export function speakerName(principal: string, people: People, { members }: Membership): string {
  return members.get(memberOfPrincipal(principal) ?? "")?.name ?? people.byPrincipal.get(principal)?.name ?? principal;
}
