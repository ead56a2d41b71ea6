/**
 * Whether this node may go on with its feed.
 *
 * A log that was restored, copied or has lost its tail does not know the last ops its author published, and the next op
 * would fork the feed. So a node that starts asks first: until one member has named the end of this node's feed, as it is
 * here, and everything that member holds is here, nothing is authored. When nobody does so in time, or a peer brings ops
 * of this node that were not here, a new incarnation begins: its feed is empty everywhere, so it is safe by construction.
 * (Active Directory's InvocationID, Syncthing's index id.)
 *
 * Any member may lie, so what proves nothing does not count: heads without this feed, or with an end past the one here
 * (the frames behind it prove that). And the end is not told to whoever has not named it (`heldBack`), and only a member's
 * first word counts, so that nobody just repeats what it heard.
 */
import { equalBytes, type Head, type Heads } from "@skein/core";

import type { Cancel, Clock, LogStore, Random } from "./ports.ts";

export interface Continuity {
  incarnation(): Uint8Array;
  /** Begins to wait for a peer; `alone` when there is nobody who could hold ops of this node. */
  start(alone: boolean): void;
  /** The own feed is not yet confirmed: nobody is told its end. */
  isAsking(): boolean;
  /** The first heads that a member told over a link, before it could know the own end from this node. */
  told(member: string, heads: Heads): void;
  /** All that this peer holds is here. */
  caughtUp(member: string): void;
  /** Proof that this feed goes on elsewhere: a new incarnation begins. False when it could not be saved. */
  renew(): boolean;
  stop(): void;
}

export interface ContinuityDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly store: LogStore;
  readonly incarnation: Uint8Array;
  /** Where the feed of this incarnation ends here; undefined while there is no op under it. */
  readonly ownHead: () => Head | undefined;
  readonly onSettled: () => void;
  readonly onIsolated: () => void;
}

/** Time for one dial, handshake and exchange of heads on a slow line. */
const WAIT_MS = 2_000;

export function createContinuity(deps: ContinuityDeps): Continuity {
  let { incarnation } = deps;
  let settled = false;
  /** Nobody can hold an op of this incarnation: it began in this life. */
  let isFresh = false;
  const words = new Map<string, boolean>();
  let cancel: Cancel | undefined;

  const settle = (): void => {
    if (settled) return;
    settled = true;
    cancel?.();
    deps.onSettled();
  };
  const renew = (): boolean => {
    incarnation = deps.random.bytes(incarnation.length);
    isFresh = true;
    return deps.store.putMeta("incarnation", incarnation).ok;
  };

  /** Nobody confirmed the own end: only under a new incarnation it is safe to write. */
  const goOnAlone = (): void => {
    if (settled) return;
    const isFeedLeft = !isFresh && deps.ownHead() !== undefined;
    // A feed that is empty here may have lost all of its ops, and another empty one costs nothing.
    if (!isFresh) renew();
    if (isFeedLeft) deps.onIsolated();
    settle();
  };

  return {
    incarnation: () => incarnation,
    start: (alone) => {
      if (alone) settle();
      else cancel = deps.clock.after(WAIT_MS, goOnAlone);
    },
    isAsking: () => !settled,
    told: (member, heads) => {
      if (!words.has(member)) words.set(member, namesEnd(heads, deps.ownHead()));
    },
    caughtUp: (member) => {
      if (isFresh || words.get(member) === true) settle();
      else if (deps.ownHead() === undefined) goOnAlone();
    },
    renew,
    // What still waits to be written is written before the node ends.
    stop: goOnAlone,
  };
}

/** Just this end: a liar may name several, or one that nobody has seen. */
function namesEnd(heads: Heads, own: Head | undefined): boolean {
  if (own === undefined) return false;
  const ends = [...heads.values()].filter(
    ({ author, incarnation }) => author === own.author && incarnation === own.incarnation,
  );
  const [end] = ends;
  if (ends.length !== 1 || end === undefined || end.frame === null || own.frame === null) return false;
  return end.seq === own.seq && equalBytes(end.frame, own.frame);
}
