/**
 * Browser sessions: who is signed in at this node's page, as which member, with what at most. A session's secret is known
 * to its browser; here is its digest, in memory and in the data directory, so that a restart signs nobody out.
 */
import type { Role } from "@skein/core";

import { HTTP_LIMITS } from "../limits.ts";
import { digestOf, drawName, drawSecret } from "./secrets.ts";

/**
 * How its secret arrives. `cookie`: only from the page of this very origin, which shows a key beside it (`page`: its digest):
 * cookies are told apart by host alone, and whatever else listens on this machine gets them too. `bearer`: only from the page of another node of
 * the mesh, which holds it in memory alone (`origin` is that page's), and for as long as whoever vouched for it is a member.
 */
type SessionUse =
  | { readonly type: "cookie"; readonly secure: boolean; readonly page: string }
  | { readonly type: "bearer"; readonly origin: string; readonly issuer: string };

export interface Session {
  /** Its name in lists. */
  readonly id: string;
  /** Member id (hex). */
  readonly member: string;
  /** The most that it may do. */
  readonly role: Role;
  /** How whoever it is showed who they are. */
  readonly by: "link" | "key" | "pass";
  readonly use: SessionUse;
  /** Unix ms. */
  readonly sinceMs: number;
  readonly seenMs: number;
}

/** As it is kept on the disk. */
export type StoredSession = Session & { readonly digest: string };

export interface SessionStore {
  read(): readonly StoredSession[];
  write(sessions: readonly StoredSession[]): void;
}

export interface Sessions {
  /** Gives the secret, which is nowhere else from then on. */
  begin(session: Pick<Session, "member" | "role" | "by" | "use">): {
    readonly secret: string;
    readonly session: Session;
  };
  /** The session of this secret, which counts as seen now; undefined when there is none, or it has expired. */
  find(secret: string): Session | undefined;
  /** It goes on: its page is open. False when it has ended. */
  touch(id: string): boolean;
  list(): readonly Session[];
  /** False when there was none. */
  end(id: string): boolean;
  endAll(): number;
  /** When it ends at the latest, Unix ms. */
  endsAt(session: Session): number;
}

/** Being seen is written this coarsely: a page that is open all day is not a write per request. */
const SEEN_STEP_MS = 10 * 60_000;

export function createSessions({
  store,
  now,
  onEnd,
}: {
  readonly store: SessionStore;
  readonly now: () => number;
  /** Somebody has ended sessions: whoever holds a socket of one is to be sent away now. */
  readonly onEnd: () => void;
}): Sessions {
  const byDigest = new Map<string, Session>(store.read().map(({ digest, ...session }) => [digest, session]));
  const save = (): void =>
    store.write(
      [...byDigest].flatMap(([digest, session]) => (session.use.type === "cookie" ? [{ ...session, digest }] : [])),
    );
  const sweep = (): void => {
    let ended = false;
    for (const [digest, session] of byDigest) ended = (!isLive(session, now()) && byDigest.delete(digest)) || ended;
    if (ended) save();
  };
  const see = (digest: string, session: Session): Session => {
    const seen = { ...session, seenMs: now() };
    byDigest.set(digest, seen);
    if (seen.seenMs - session.seenMs > SEEN_STEP_MS) save();
    return seen;
  };
  const entryOf = (id: string): readonly [string, Session] | undefined => {
    sweep();
    return [...byDigest].find(([, session]) => session.id === id);
  };
  return {
    begin: (given) => {
      sweep();
      while (byDigest.size >= HTTP_LIMITS.sessions) byDigest.delete(mostDispensable(byDigest));
      const secret = drawSecret();
      const session: Session = { ...given, id: drawName(), sinceMs: now(), seenMs: now() };
      byDigest.set(digestOf(secret), session);
      save();
      return { secret, session };
    },
    find: (secret) => {
      const digest = digestOf(secret);
      const session = byDigest.get(digest);
      if (session === undefined) return undefined;
      if (isLive(session, now())) return see(digest, session);
      sweep();
      return undefined;
    },
    touch: (id) => {
      const entry = entryOf(id);
      if (entry !== undefined) see(...entry);
      return entry !== undefined;
    },
    list: () => {
      sweep();
      return [...byDigest.values()].toSorted((a, b) => a.sinceMs - b.sinceMs);
    },
    end: (id) => {
      const entry = entryOf(id);
      if (entry === undefined) return false;
      byDigest.delete(entry[0]);
      save();
      onEnd();
      return true;
    },
    endAll: () => {
      sweep();
      const count = byDigest.size;
      byDigest.clear();
      save();
      onEnd();
      return count;
    },
    endsAt,
  };
}

/** The longest unused one of the member who has the most: nobody signs others out by coming in again and again. */
function mostDispensable(byDigest: ReadonlyMap<string, Session>): string {
  const counts = new Map<string, number>();
  for (const { member } of byDigest.values()) counts.set(member, (counts.get(member) ?? 0) + 1);
  const most = Math.max(...counts.values());
  const oldest = [...byDigest].toSorted(([, a], [, b]) => a.seenMs - b.seenMs);
  return oldest.find(([, { member }]) => counts.get(member) === most)?.[0] ?? "";
}

const endsAt = ({ use, sinceMs }: Session): number =>
  sinceMs + (use.type === "cookie" ? HTTP_LIMITS.sessionMs : HTTP_LIMITS.guestSessionMs);

/** A clock that was set back does not make a session younger than it is: what begins in the future has ended. */
const isLive = (session: Session, nowMs: number): boolean =>
  nowMs < endsAt(session) &&
  nowMs - session.seenMs < HTTP_LIMITS.sessionIdleMs &&
  session.sinceMs <= nowMs + HTTP_LIMITS.sessionIdleMs;
