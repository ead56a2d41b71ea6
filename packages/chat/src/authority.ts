/** What somebody may do here and now: the least of what the person, the member behind it and the room allow. */
import { type Person, type Role, ROLES, type View } from "@skein/core";

import { type AccountSettings, roomOf } from "./account.ts";

export interface Authority {
  readonly person: Person | undefined;
  /** Undefined: nothing at all. */
  readonly role: Role | undefined;
}

export function authorityOf(
  principal: string,
  place: { readonly room: string; readonly direct: boolean },
  account: AccountSettings,
  view: View,
): Authority {
  const person = view.chat.people().byPrincipal.get(principal);
  const room = roomOf(account, place.room);
  const cap = place.direct ? "owner" : room?.role;
  if (cap === undefined) return { person, role: undefined };
  if (person === undefined) {
    const guests = place.direct ? "none" : (room?.guests ?? "none");
    return { person, role: guests === "none" ? undefined : least(guests, cap) };
  }
  const own = ownRole(person, view);
  return { person, role: own === undefined ? undefined : least(own, cap) };
}

/** The most that somebody may do anywhere; undefined: nothing at all. */
export function ownRole({ role, member: id }: Person, view: View): Role | undefined {
  if (role === "none") return undefined;
  if (id === null) return role;
  const member = view.membership.members.get(id);
  // A removed member's chat accounts go with it.
  return member === undefined || member.cut !== null ? undefined : least(role, member.role);
}

const least = (a: Role, b: Role): Role => (ROLES.indexOf(a) < ROLES.indexOf(b) ? a : b);
