/** Who is who: nobody gives away more than they have, and what was taken stays taken. */
import { expect, test } from "vitest";

import type { Role } from "../member/role.ts";
import type { ChatBody } from "../op/chat-bodies.ts";
import { testCrypto } from "../testing/index.ts";
import type { People } from "./chat-view.ts";
import { createPeopleFold } from "./people-fold.ts";

const sha256 = (bytes: Uint8Array): Uint8Array => testCrypto.sha256(bytes);
const ADA = "matrix:@ada:x";
const EVE = "matrix:@eve:x";
const MEMBER = "a".repeat(64);
const SUCCESSOR = "b".repeat(64);

type PersonBody = Extract<ChatBody, { readonly kind: `person.${string}` }>;
type PersonOp = readonly [body: PersonBody, role: Role, lamport: number];

const invite = (person: string, role: Role, code: string, member: string = ""): PersonBody => ({
  kind: "person.invite",
  person,
  role,
  member,
  code: sha256(new TextEncoder().encode(code)),
  expires: 100,
});
const link = (principal: string, code: string): PersonBody => ({ kind: "person.link", principal, code });
const unlink = (principal: string): PersonBody => ({ kind: "person.unlink", principal });
const setRole = (person: string, role: Role | "none"): PersonBody => ({ kind: "person.role", person, role });

/** The people after these ops, and after them in the opposite order: both have to agree. */
function people(...ops: readonly PersonOp[]): People {
  const [forth, back] = [ops, ops.toReversed()].map((some) => {
    const fold = createPeopleFold(sha256);
    for (const [body, role, lamport] of some)
      fold.apply(body, { lamport, author: "aa", id: String(lamport), wall: lamport }, role);
    return fold.people();
  });
  if (forth === undefined) throw new Error("two orders were folded");
  expect(back).toEqual(forth);
  return forth;
}

const roleOf = (of: People, principal: string): Role | "none" | undefined => of.byPrincipal.get(principal)?.role;

test("an operator makes nobody an owner, neither by a code nor by a word", () => {
  const owner: PersonOp = [invite("ada", "owner", "A"), "operator", 1];
  expect(people(owner, [link(ADA, "A"), "operator", 2]).persons.size).toBe(0);
  const raised = people(
    [invite("ada", "operator", "A"), "operator", 1],
    [link(ADA, "A"), "operator", 2],
    [setRole("ada", "owner"), "operator", 3],
  );
  expect(roleOf(raised, ADA)).toBe("operator");
});

test("a code of an operator for an owner's name speaks for the owner as an operator", () => {
  const both = people(
    [invite("ada", "operator", "EVIL"), "operator", 1],
    [link(EVE, "EVIL"), "operator", 2],
    [invite("ada", "owner", "GOOD"), "owner", 3],
    [link(ADA, "GOOD"), "operator", 4],
  );
  expect(roleOf(both, ADA)).toBe("owner");
  expect(roleOf(both, EVE)).toBe("operator");
});

test("the later word about a role counts, and none takes everything", () => {
  const demoted = people(
    [invite("ada", "operator", "A"), "owner", 1],
    [link(ADA, "A"), "operator", 2],
    [setRole("ada", "observer"), "operator", 3],
    [setRole("ada", "none"), "operator", 4],
  );
  expect(roleOf(demoted, ADA)).toBe("none");
});

test("a code that two used is the first one's", () => {
  const twice = people(
    [invite("ada", "operator", "A"), "operator", 1],
    [link(ADA, "A"), "operator", 2],
    [link(EVE, "A"), "operator", 3],
  );
  expect([...twice.byPrincipal.keys()]).toEqual([ADA]);
  expect([...twice.pairings.values()].map(({ used }) => used)).toEqual([true]);
});

test("an unlink ends the links before it and none after it", () => {
  const linked: readonly PersonOp[] = [
    [invite("ada", "operator", "A"), "operator", 1],
    [link(ADA, "A"), "operator", 2],
    [unlink(ADA), "operator", 3],
  ];
  expect(people(...linked).byPrincipal.size).toBe(0);
  const again = people(
    ...linked,
    // The old code is used up; a new one is not.
    [link(ADA, "A"), "operator", 4],
    [invite("ada", "operator", "B"), "operator", 5],
  );
  expect(again.byPrincipal.size).toBe(0);
  const back = people(...linked, [invite("ada", "operator", "B"), "operator", 5], [link(ADA, "B"), "operator", 6]);
  expect(roleOf(back, ADA)).toBe("operator");
});

test("a link whose invitation is not here yet counts once it is", () => {
  const early = people([link(ADA, "A"), "operator", 5], [invite("ada", "agent", "A"), "operator", 4]);
  expect(roleOf(early, ADA)).toBe("agent");
});

test("a principal that was linked twice is the later person", () => {
  const moved = people(
    [invite("ada", "operator", "A"), "operator", 1],
    [invite("bob", "observer", "B"), "operator", 2],
    [link(ADA, "A"), "operator", 3],
    [link(ADA, "B"), "operator", 4],
  );
  expect(moved.byPrincipal.get(ADA)?.name).toBe("bob");
  expect(moved.persons.get("ada")?.principals).toEqual([]);
});

test("a principal stays the member that its code was made for, also when the name goes to another member", () => {
  const renamed = people(
    [invite("ada", "operator", "OLD", MEMBER), "operator", 1],
    [link(EVE, "OLD"), "operator", 2],
    [invite("ada", "operator", "NEW", SUCCESSOR), "operator", 3],
    [link(ADA, "NEW"), "operator", 4],
  );
  expect(renamed.byPrincipal.get(EVE)?.member).toBe(MEMBER);
  expect(renamed.byPrincipal.get(ADA)?.member).toBe(SUCCESSOR);
});

test("somebody who got a node later is that member on every account", () => {
  const later = people(
    [invite("ada", "operator", "A"), "operator", 1],
    [link(ADA, "A"), "operator", 2],
    [invite("ada", "operator", "B", MEMBER), "operator", 3],
  );
  expect(later.byPrincipal.get(ADA)?.member).toBe(MEMBER);
});
