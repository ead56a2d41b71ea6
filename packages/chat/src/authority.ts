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
  if (person.role === "none") return { person, role: undefined };
  if (person.member === null) return { person, role: least(person.role, cap) };
  const member = view.membership.members.get(person.member);
  // A removed member's chat accounts go with it.
  if (member === undefined || member.cut !== null) return { person, role: undefined };
  return { person, role: least(least(person.role, member.role), cap) };
}

const least = (a: Role, b: Role): Role => (ROLES.indexOf(a) < ROLES.indexOf(b) ? a : b);
