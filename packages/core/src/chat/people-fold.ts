/**
 * Who is who: persons, their roles, and the principals (platform identities) that a pairing code has linked to them.
 *
 * Each fact is a register of its own, decided by the ops' stamps, so that the order in which ops arrive does not matter:
 * of two links by one code the earlier counts, of two roles of a person the later.
 */
import { compareText, toHex } from "../kernel/bytes.ts";
import { type Role, roleAtLeast, ROLES } from "../member/role.ts";
import type { ChatBody } from "../op/chat-bodies.ts";
import { compareStamp, type Stamp } from "../op/stamp.ts";
import type { Pairing, People, Person } from "./chat-view.ts";

type PersonBody = Extract<ChatBody, { readonly kind: `person.${string}` }>;

/** The principal of a link that only uses a code up: somebody showed it where others could read it. */
export const NOBODY = "";

export interface PeopleFold {
  /** `role` is the author's. */
  apply(body: PersonBody, stamp: Stamp, role: Role): void;
  people(): People;
}

type Invitation = Extract<ChatBody, { kind: "person.invite" }> & {
  readonly stamp: Stamp;
  /** The inviter's own. */
  readonly most: Role;
};
interface Link {
  readonly principal: string;
  readonly stamp: Stamp;
}
interface RoleWord {
  readonly role: Role | "none";
  readonly stamp: Stamp;
}

export function createPeopleFold(sha256: (bytes: Uint8Array) => Uint8Array): PeopleFold {
  const invitations = new Map<string, Invitation>();
  const links = new Map<string, Link>();
  const unlinks = new Map<string, Stamp>();
  const roles = new Map<string, RoleWord>();
  let cached: People | undefined;

  const sayRole = (person: string, role: Role | "none", stamp: Stamp): void => {
    const known = roles.get(person);
    if (known === undefined || compareStamp(stamp, known.stamp) > 0) roles.set(person, { role, stamp });
  };
  const apply = (body: PersonBody, stamp: Stamp, role: Role): void => {
    switch (body.kind) {
      case "person.invite": {
        // Nobody gives away more than they have.
        if (!roleAtLeast(role, body.role)) return;
        const key = toHex(body.code);
        const known = invitations.get(key);
        if (known === undefined || compareStamp(stamp, known.stamp) < 0)
          invitations.set(key, { ...body, stamp, most: role });
        return sayRole(body.person, body.role, stamp);
      }
      case "person.link": {
        const key = toHex(sha256(new TextEncoder().encode(body.code)));
        const known = links.get(key);
        if (known === undefined || compareStamp(stamp, known.stamp) < 0)
          links.set(key, { principal: body.principal, stamp });
        return undefined;
      }
      case "person.unlink": {
        const known = unlinks.get(body.principal);
        if (known === undefined || compareStamp(stamp, known) > 0) unlinks.set(body.principal, stamp);
        return undefined;
      }
      case "person.role":
        if (body.role !== "none" && !roleAtLeast(role, body.role)) return undefined;
        return sayRole(body.person, body.role, stamp);
      default:
        return body satisfies never;
    }
  };

  return {
    apply: (body, stamp, role) => {
      cached = undefined;
      apply(body, stamp, role);
    },
    people: () => (cached ??= derive(invitations, links, unlinks, roles)),
  };
}

function derive(
  invitations: ReadonlyMap<string, Invitation>,
  links: ReadonlyMap<string, Link>,
  unlinks: ReadonlyMap<string, Stamp>,
  roles: ReadonlyMap<string, RoleWord>,
): People {
  /** The newest link of each principal that no unlink follows. */
  const newest = new Map<string, { readonly invitation: Invitation; readonly stamp: Stamp }>();
  for (const [code, { principal, stamp }] of links) {
    const invitation = invitations.get(code);
    const gone = unlinks.get(principal);
    const known = newest.get(principal);
    if (principal === NOBODY) continue;
    if (invitation === undefined || (gone !== undefined && compareStamp(stamp, gone) < 0)) continue;
    if (known === undefined || compareStamp(stamp, known.stamp) > 0) newest.set(principal, { invitation, stamp });
  }
  const members = new Map<string, { readonly member: string; readonly stamp: Stamp }>();
  for (const { person, member, stamp } of invitations.values()) {
    const known = members.get(person);
    if (known === undefined || compareStamp(stamp, known.stamp) > 0) members.set(person, { member, stamp });
  }
  const persons = new Map<string, Person>();
  for (const [name, { member }] of [...members].toSorted(([a], [b]) => compareText(a, b))) {
    const principals = [...newest].flatMap(([principal, { invitation }]) =>
      invitation.person === name ? [principal] : [],
    );
    persons.set(name, {
      name,
      role: roles.get(name)?.role ?? "none",
      member: member === "" ? null : member,
      principals: principals.toSorted(compareText),
    });
  }
  const byPrincipal = new Map<string, Person>();
  for (const [principal, { invitation }] of newest) {
    const person = persons.get(invitation.person);
    if (person !== undefined) byPrincipal.set(principal, asLinked(person, invitation));
  }
  const pairings = new Map<string, Pairing>();
  for (const [code, { person, expires }] of invitations) pairings.set(code, { person, expires, used: links.has(code) });
  return { persons, byPrincipal, pairings };
}

/**
 * A role that somebody gave to the person later does not reach through a code of somebody with less, and a code for
 * a member is worth what that member is: the name may have gone to another one since.
 */
const asLinked = (person: Person, { most, member }: Invitation): Person => ({
  ...person,
  role: person.role === "none" || ROLES.indexOf(person.role) <= ROLES.indexOf(most) ? person.role : most,
  member: member === "" ? person.member : member,
});
