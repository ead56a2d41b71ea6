/** Secrets that count once and for a short time: login codes, challenges, the nonces of passes. Held in memory as digests. */
import { digestOf, drawSecret } from "./secrets.ts";

export interface Once<T> {
  /** Draws a secret that stands for `value`. */
  issue(value: T): string;
  /** What it stands for; undefined when it is not known, was used, or has expired. It is used up by asking. */
  take(secret: string): T | undefined;
}

/** The oldest ones go when there are more than `max`: nobody fills the memory by asking. */
export function createOnce<T>({ ms, max, now }: { ms: number; max: number; now: () => number }): Once<T> {
  const open = new Map<string, { readonly value: T; readonly expires: number }>();
  return {
    issue: (value) => {
      for (const [digest, { expires }] of open) if (open.size >= max || expires <= now()) open.delete(digest);
      const secret = drawSecret();
      open.set(digestOf(secret), { value, expires: now() + ms });
      return secret;
    },
    take: (secret) => {
      const digest = digestOf(secret);
      const found = open.get(digest);
      open.delete(digest);
      return found !== undefined && found.expires > now() ? found.value : undefined;
    },
  };
}

/** Remembers what was used until it would have expired anyway. */
export function createUsed(now: () => number, max: number): (name: string, expires: number) => boolean {
  const used = new Map<string, number>();
  return (name, expires) => {
    for (const [known, until] of used) if (until < now()) used.delete(known);
    // Full of what has not expired: better nobody comes in than somebody twice.
    if (used.has(name) || used.size >= max) return false;
    used.set(name, expires);
    return true;
  };
}
