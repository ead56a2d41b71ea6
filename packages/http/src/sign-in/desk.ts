/** What the sign-in routes work with: sessions, codes, challenges and passes of one server. */
import type { Role } from "@skein/core";

import { HTTP_LIMITS } from "../limits.ts";
import { type Challenges, createChallenges } from "./challenges.ts";
import { createOnce, createUsed, type Once, type Use } from "./once.ts";
import { createSessions, type Sessions, type SessionStore } from "./sessions.ts";

/** What follows the origin in a link that signs in: browsers send a fragment to nobody. */
export const loginFragment = (code: string): string => `#/login?code=${code}`;

/** Whom a login code lets in. */
interface Admitted {
  readonly member: string;
  readonly role: Role;
  readonly by: "link" | "key";
}

export interface SignInDesk {
  /** Origin under which people of this machine open the page. */
  readonly page: string;
  readonly sessions: Sessions;
  readonly codes: Once<Admitted>;
  readonly challenges: Challenges;
  /** Of the member whose key signed the answer to it. `expires`: Unix ms. */
  readonly useChallenge: (member: string, challenge: string, expires: number) => Use;
  /** Of the member whose node signed it, for each member that it vouches for. */
  readonly usePass: (by: { readonly issuer: string; readonly member: string }, nonce: string, expires: number) => Use;
}

/** Without a store sessions live as long as the process. */
const FORGETFUL: SessionStore = { read: () => [], write: () => undefined };

export function createSignInDesk(options: {
  readonly page: string;
  readonly store?: SessionStore | undefined;
  readonly now: () => number;
  /** Sessions have ended. */
  readonly onEnd: () => void;
}): SignInDesk {
  const { now, onEnd } = options;
  const usePass = createUsed({ max: HTTP_LIMITS.signedOfMember, now });
  return {
    page: options.page,
    sessions: createSessions({ store: options.store ?? FORGETFUL, now, onEnd }),
    codes: createOnce({ ms: HTTP_LIMITS.codeMs, max: HTTP_LIMITS.codesOfMember, now }),
    challenges: createChallenges({ ms: HTTP_LIMITS.codeMs, now }),
    useChallenge: createUsed({ max: HTTP_LIMITS.signedOfMember, now }),
    // One who is vouched for must not use up what others at the same node come in with.
    usePass: ({ issuer, member }, nonce, expires) => usePass(`${issuer} ${member}`, nonce, expires),
  };
}
