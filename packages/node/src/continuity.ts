/**
 * Whether this node may go on with its feed.
 *
 * A log that was restored, copied or has lost its tail does not know the last ops its author published, and the next op
 * would fork the feed. So a node that starts asks first: until one peer has told its heads and everything it holds is
 * here, nothing is authored. When no peer answers in time, or a peer brings ops of this node that were not here, a new
 * incarnation begins: its feed is empty everywhere, so it is safe by construction. (Active Directory's InvocationID,
 * Syncthing's index id.)
 */
import type { Cancel, Clock, LogStore, Random } from "./ports.ts";

export interface Continuity {
  incarnation(): Uint8Array;
  /** Begins to wait for a peer; `alone` when there is nobody who could hold ops of this node. */
  start(alone: boolean): void;
  /** A peer told its heads, and all it holds is here. */
  caughtUp(): void;
  /** Proof that this feed goes on elsewhere: a new incarnation begins. False when it could not be saved. */
  renew(): boolean;
  stop(): void;
}

export interface ContinuityDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly store: LogStore;
  readonly incarnation: Uint8Array;
  /** Is there an op under this incarnation? */
  readonly hasAuthored: () => boolean;
  readonly onSettled: () => void;
  readonly onIsolated: () => void;
}

/** Time for one dial, handshake and exchange of heads on a slow line. */
const WAIT_MS = 2_000;

export function createContinuity(deps: ContinuityDeps): Continuity {
  let { incarnation } = deps;
  let settled = false;
  let cancel: Cancel | undefined;

  const settle = (): void => {
    if (settled) return;
    settled = true;
    cancel?.();
    deps.onSettled();
  };
  const renew = (): boolean => {
    incarnation = deps.random.bytes(incarnation.length);
    return deps.store.putMeta("incarnation", incarnation).ok;
  };

  /** Nobody answered: only under a new incarnation it is safe to write. */
  const goOnAlone = (): void => {
    if (settled) return;
    if (deps.hasAuthored()) {
      renew();
      deps.onIsolated();
    }
    settle();
  };

  return {
    incarnation: () => incarnation,
    start: (alone) => {
      if (alone) settle();
      else cancel = deps.clock.after(WAIT_MS, goOnAlone);
    },
    caughtUp: settle,
    renew,
    // What still waits to be written is written before the node ends.
    stop: goOnAlone,
  };
}
