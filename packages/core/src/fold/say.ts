/**
 * Whose item ops were folded, and how far they counted: what a change of the membership may make wrong. Then everything
 * is folded again.
 */
import {
  type Cut,
  type Member,
  type MemberKey,
  type Membership,
  memberOf,
  type OpPlace,
} from "../member/membership.ts";

export interface SayRecord {
  /** This op was folded under this membership. */
  remember(op: OpPlace, membership: Membership): void;
  /** Does every op that was folded count under this membership as it counted then? */
  isSame(membership: Membership): boolean;
}

interface Author extends Say {
  /** The last seq folded by incarnation. */
  readonly feeds: Map<string, number>;
}

interface Say {
  readonly member: Member | undefined;
  readonly key: MemberKey | undefined;
}

export function createSayRecord(): SayRecord {
  const authors = new Map<string, Author>();
  const sayOf = (membership: Membership, key: string): Say => ({
    member: memberOf(membership, key),
    key: membership.keys.get(key),
  });
  return {
    remember: ({ author, incarnation, seq }, membership) => {
      const known = authors.get(author) ?? { feeds: new Map<string, number>(), ...sayOf(membership, author) };
      known.feeds.set(incarnation, Math.max(seq, known.feeds.get(incarnation) ?? 0));
      authors.set(author, known);
    },
    isSame: (membership) => {
      for (const [author, was] of authors) {
        const is = sayOf(membership, author);
        if (was.member === is.member && was.key === is.key) continue;
        if (!countAlike(was, is, was.feeds)) return false;
        authors.set(author, { feeds: was.feeds, ...is });
      }
      return true;
    },
  };
}

function countAlike(was: Say, is: Say, feeds: ReadonlyMap<string, number>): boolean {
  if (was.member?.id !== is.member?.id || was.member?.role !== is.member?.role) return false;
  // A cut that lies at or after the last folded op takes nothing away; any other that moves may.
  return [...feeds].every(([incarnation, last]) => counted(was, incarnation, last) === counted(is, incarnation, last));
}

/** The last seq up to which the feed's ops count. */
const counted = ({ member, key }: Say, incarnation: string, last: number): number =>
  member === undefined || key === undefined
    ? 0
    : Math.min(last, within(key.cut, incarnation), within(member.cut, incarnation));

const within = (cut: Cut | null, incarnation: string): number =>
  cut === null ? Number.POSITIVE_INFINITY : (cut.get(incarnation) ?? 0);
