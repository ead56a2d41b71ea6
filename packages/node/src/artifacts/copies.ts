/**
 * Copies here what other nodes' attempts left, when this node is one of those that shall have it. A look at all that was ever
 * named has to be cheap, because it is done every few seconds: what is here or too old is dropped first, and whom a content is
 * meant for is worked out once, and again when other nodes are alive.
 */
import { type Crypto, isLive, type Replica, toHex } from "@skein/core";

import type { PeerLink } from "../links/peer-link.ts";
import type { Blobs, Clock } from "../ports.ts";
import { fetchBlob, type FetchDeps } from "./fetch.ts";
import { type ArtifactSettings, keepersOf, type NamedBlob, namedBlobs, whatToFetch } from "./retention.ts";

export interface CopiesDeps extends FetchDeps {
  readonly clock: Clock;
  readonly crypto: Pick<Crypto, "sha256">;
  readonly blobs: Pick<Blobs, "list" | "receive">;
  readonly settings: () => ArtifactSettings;
  readonly replica: Pick<Replica, "view">;
  readonly self: () => string;
  /** Members that are heard of right now, without this one. */
  readonly alive: () => readonly string[];
  readonly linkTo: (member: string) => PeerLink | undefined;
}

export interface Copies {
  /** Fetches some of what is lacking; ends before the next one when there is something else to do. */
  fetchSome(stop: AbortSignal, isWanted: () => boolean): Promise<void>;
}

const FETCHES_AT_ONCE = 8;
const RETRY_MS = 30_000;
/** So many contents are ranked in one look: each costs a hash for every node that is alive. */
const RANKED_AT_ONCE = 250;

export function createCopies(deps: CopiesDeps): Copies {
  const { blobs, clock, self, settings } = deps;
  /** When what could not be had is asked for again. */
  const retryAt = new Map<string, number>();
  const ageOf = createAges();
  const meantOf = createMeant(deps);

  const lacking = (): readonly NamedBlob[] => {
    const [stored, nowMs] = [blobs.list(), clock.wallMs()];
    const here = new Set(stored.map(({ digest }) => digest));
    const named = [...deps.replica.view().items.values()].filter(isLive);
    const candidates = ageOf(namedBlobs(named), nowMs)
      .filter(({ digest, at }) => !here.has(digest) && nowMs - at < settings().keepMs)
      .toSorted((a, b) => b.at - a.at);
    return whatToFetch(stored, meantOf(candidates, [...deps.alive(), self()]), settings(), nowMs);
  };

  return {
    fetchSome: async (stop, isWanted) => {
      const wanted = lacking();
      const digests = new Set(wanted.map(({ digest }) => digest));
      for (const digest of retryAt.keys()) if (!digests.has(digest)) retryAt.delete(digest);
      const due = wanted.filter(({ digest }) => (retryAt.get(digest) ?? 0) <= clock.monoMs());
      for (const blob of due.slice(0, FETCHES_AT_ONCE)) {
        if (stop.aborted || isWanted()) return;
        const link = deps.linkTo(blob.author);
        const fetched = await fetchBlob(deps, blob, link === undefined ? [] : [link], stop);
        if (fetched.ok) retryAt.delete(blob.digest);
        else retryAt.set(blob.digest, clock.monoMs() + RETRY_MS);
      }
    },
  };
}

type Ages = (named: readonly NamedBlob[], nowMs: number) => readonly NamedBlob[];

/** A clock that is ahead, or a liar's, makes nothing newer than this node's first look at it, nor keeps it from growing old. */
function createAges(): Ages {
  let ahead: ReadonlyMap<string, number> = new Map();
  return (named, nowMs) => {
    const now = new Map<string, number>();
    const aged = named.map((one) => {
      const key = `${one.author} ${one.digest} ${one.at}`;
      const firstMs = ahead.get(key) ?? nowMs;
      if (one.at <= firstMs) return one;
      now.set(key, firstMs);
      return { ...one, at: firstMs };
    });
    ahead = now;
    return aged;
  };
}

type Meant = (candidates: readonly NamedBlob[], alive: readonly string[]) => readonly NamedBlob[];

/** The candidates that are meant for this node, as far as there was time to find out. */
function createMeant({ crypto, self }: Pick<CopiesDeps, "crypto" | "self">): Meant {
  let known: ReadonlyMap<string, boolean> = new Map();
  let knownFor = "";
  const rank = (digest: string, member: string): string =>
    toHex(crypto.sha256(new TextEncoder().encode(`${digest} ${member}`)));
  return (candidates, alive) => {
    const among = alive.toSorted().join(" ");
    if (among !== knownFor) known = new Map();
    knownFor = among;
    const now = new Map<string, boolean>();
    let left = RANKED_AT_ONCE;
    const meant = candidates.filter((one) => {
      if (one.author === self()) return true;
      const key = `${one.digest} ${one.author} ${one.copies}`;
      const isKnown = now.get(key) ?? known.get(key);
      if (isKnown === undefined && left-- <= 0) return false;
      const isMeant = isKnown ?? keepersOf(one, alive, rank).includes(self());
      now.set(key, isMeant);
      return isMeant;
    });
    known = now;
    return meant;
  };
}
