/**
 * Secrets that count once and for a short time: login codes, and what signed challenges and passes leave behind. Each belongs
 * to a member, and whoever has too many loses their own: nobody pushes out somebody else's.
 */
import { digestOf, drawSecret } from "./secrets.ts";

export interface Once<T> {
  /** Draws a secret that stands for `value`. */
  issue(value: T): string;
  /** What it stands for; undefined when it is not known, was used, or has expired. It is used up by asking. */
  take(secret: string): T | undefined;
}

interface Bounds {
  readonly ms: number;
  /** For each member. */
  readonly max: number;
  readonly now: () => number;
}

/** Held as digests. Of a member's that are more than `max` the oldest goes. */
export function createOnce<T extends { readonly member: string }>({ ms, max, now }: Bounds): Once<T> {
  const open = new Map<string, { readonly value: T; readonly expires: number }>();
  return {
    issue: (value) => {
      for (const [digest, { expires }] of open) if (!isGood(expires, ms, now())) open.delete(digest);
      const own = [...open].filter(([, { value: one }]) => one.member === value.member);
      for (const [digest] of own.slice(0, Math.max(0, own.length - max + 1))) open.delete(digest);
      const secret = drawSecret();
      open.set(digestOf(secret), { value, expires: now() + ms });
      return secret;
    },
    take: (secret) => {
      const digest = digestOf(secret);
      const found = open.get(digest);
      open.delete(digest);
      return found !== undefined && isGood(found.expires, ms, now()) ? found.value : undefined;
    },
  };
}

/** Neither expired nor made while the clock was ahead: a clock that was set back makes nothing younger. All in ms. */
export const isGood = (expires: number, ms: number, now: number): boolean => expires > now && expires - now < 2 * ms;

/** `used` came before. `full`: this member has used so many lately that no more are remembered. */
export type Use = "first" | "used" | "full";

/**
 * Remembers what a member has used until it would have expired anyway. Only what was found to be genuine may be told here:
 * then the memory is bounded by the number of members, of whom each may vouch for each. `expires`: Unix ms.
 */
export function createUsed({
  max,
  now,
}: Pick<Bounds, "max" | "now">): (member: string, name: string, expires: number) => Use {
  const byMember = new Map<string, Map<string, number>>();
  return (member, name, expires) => {
    for (const [one, names] of byMember) {
      for (const [known, until] of names) if (until < now()) names.delete(known);
      if (names.size === 0) byMember.delete(one);
    }
    const names = byMember.get(member) ?? new Map<string, number>();
    if (names.has(name)) return "used";
    // Full of what has not expired: better this member waits than that one of theirs counts twice.
    if (names.size >= max) return "full";
    byMember.set(member, names.set(name, expires));
    return "first";
  };
}
