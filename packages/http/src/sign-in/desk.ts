/** What the sign-in routes work with: sessions, codes, challenges and passes of one server. */
import type { Role } from "@skein/core";

import { HTTP_LIMITS } from "../limits.ts";
import { type Attempts, createAttempts } from "./attempts.ts";
import { createOnce, createUsed, type Once } from "./once.ts";
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
  readonly challenges: Once<true>;
  /** True the first time that this pass is shown. */
  readonly usePass: (nonce: string, expires: number) => boolean;
  readonly attempts: Attempts;
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
  return {
    page: options.page,
    sessions: createSessions({ store: options.store ?? FORGETFUL, now, onEnd }),
    codes: createOnce({ ms: HTTP_LIMITS.codeMs, max: HTTP_LIMITS.codes, now }),
    challenges: createOnce({ ms: HTTP_LIMITS.codeMs, max: HTTP_LIMITS.challenges, now }),
    usePass: createUsed(now, HTTP_LIMITS.challenges),
    attempts: createAttempts({ perMinute: HTTP_LIMITS.wrongPerMinute, now }),
  };
}
