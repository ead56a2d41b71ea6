/**
 * Who is there: this node's own beats, the beats it hears and passes on, and the leases they renew.
 */
import {
  type Beat,
  beatOrder,
  type Claim,
  createLeaseObserver,
  createStallDetector,
  type Crypto,
  keyStatus,
  memberOf,
  type Membership,
  openBeat,
  sealBeat,
  type Signer,
} from "@skein/core";

import type { Cancel, Clock } from "./ports.ts";

export interface Heard {
  readonly beat: Beat;
  readonly monoMs: number;
  readonly wallMs: number;
}

export interface SealedBeat {
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array;
}

export interface Presence {
  /** The newest beat of each other member, by its id. */
  heard(): ReadonlyMap<string, Heard>;
  isAlive(node: string): boolean;
  isExpired(lease: Pick<Claim, "holder" | "ttlMs">): boolean;
  /** For boards and people: asking changes nothing. */
  looksExpired(claim: Claim): boolean;
  /** Returns the beat when it was news and so is to be passed on. */
  receive(sealed: SealedBeat): Beat | undefined;
  /** This node was cut off: silence until now was its own. */
  grace(): void;
  /** The member with this id proved its key on a new link. */
  met(member: string): void;
  start(): void;
  /** Something in the beat changed that others should see soon: not every change makes a beat of its own. */
  beatSoon(): void;
  stop(): void;
}

export interface PresenceDeps {
  readonly clock: Clock;
  readonly crypto: Crypto;
  readonly signer: () => Signer;
  /** This node's member id. */
  readonly self: () => string;
  readonly mesh: Uint8Array;
  readonly membership: () => Membership;
  readonly boot: number;
  readonly intervalMs: number;
  /** What the next beat says beside the counter. */
  readonly describe: () => Omit<Beat, "node" | "boot" | "counter" | "intervalMs">;
  readonly send: (sealed: SealedBeat) => void;
  readonly onStall: (lostMs: number) => void;
  /** Another process that is alive signs beats with this node's key, and says that it listens there. */
  readonly onTwin: (address: string) => void;
}

/** Missing this many beats in a row makes a node count as not alive; a lease goes by its own TTL. */
const MISSED_BEATS = 4;
const STALL_TOLERANCE_MS = 1_000;
const SOON_MS = 150;
/** One beat that this process did not send may be left over from the life before; of two, the second one is new. */
const TWIN_BEATS = 2;

export function createPresence(deps: PresenceDeps): Presence {
  const { clock, crypto, mesh, intervalMs } = deps;
  const heard = new Map<string, Heard>();
  const leases = createLeaseObserver();
  const stalled = createStallDetector(STALL_TOLERANCE_MS);
  let counter = 0;
  let lastTickMs = clock.monoMs();
  let cancel: Cancel | undefined;
  let cancelSoon: Cancel | undefined;

  /** Beats of this node's own key that are ahead of this process: only another one can have signed them. */
  const twin = { order: 0n, beats: 0 };
  const noteTwin = (beat: Beat): void => {
    twin.order = beatOrder(beat);
    twin.beats++;
    if (twin.beats === TWIN_BEATS) deps.onTwin(beat.addresses[0] ?? "");
  };
  const idOf = ({ node }: Beat): string => memberOf(deps.membership(), node)?.id ?? node;
  const beat = (): void => {
    counter++;
    deps.send(sealBeat(mesh, { boot: deps.boot, counter, intervalMs, ...deps.describe() }, deps.signer()));
  };
  /**
   * This process has slept, and its tick has not noticed yet: after a pause all timers are due at once, in any order, and
   * what others sent meanwhile is still unread. Nobody is judged in between.
   */
  const isOverdue = (): boolean =>
    cancel !== undefined && clock.monoMs() - lastTickMs > intervalMs + STALL_TOLERANCE_MS;
  const tick = (): void => {
    const now = clock.monoMs();
    if (stalled(now, intervalMs)) {
      leases.grace(now);
      deps.onStall(now - lastTickMs);
    }
    lastTickMs = now;
    beat();
    cancel = clock.after(intervalMs, tick);
  };

  return {
    heard: () => heard,
    isAlive: (node) => {
      if (node === deps.self()) return true;
      const last = heard.get(node);
      return (
        last !== undefined && clock.monoMs() - last.monoMs <= MISSED_BEATS * last.beat.intervalMs + STALL_TOLERANCE_MS
      );
    },
    // A node's own lease never expires for itself; others decide that.
    isExpired: (claim) => claim.holder !== deps.self() && !isOverdue() && leases.isExpired(claim, clock.monoMs()),
    looksExpired: (claim) => claim.holder !== deps.self() && !isOverdue() && leases.looksExpired(claim, clock.monoMs()),
    receive: (sealed) => {
      const isNews = (one: Beat): boolean => {
        // A key that gave way to another, or whose member was removed, says nothing any more.
        if (keyStatus(deps.membership(), one.node) !== "current") return false;
        const id = idOf(one);
        const last = heard.get(id);
        if (id === deps.self())
          return beatOrder(one) > twin.order && beatOrder(one) > beatOrder({ boot: deps.boot, counter });
        return last === undefined || beatOrder(one) > beatOrder(last.beat);
      };
      const opened = openBeat(sealed, mesh, isNews, crypto);
      if (opened === undefined) return undefined;
      if (idOf(opened) === deps.self()) {
        noteTwin(opened);
        return undefined;
      }
      const monoMs = clock.monoMs();
      leases.heard(idOf(opened), beatOrder(opened), monoMs);
      heard.set(idOf(opened), { beat: opened, monoMs, wallMs: clock.wallMs() });
      return opened;
    },
    grace: () => leases.grace(clock.monoMs()),
    met: (member) => leases.met(member, clock.monoMs()),
    start: tick,
    beatSoon: () => {
      if (cancel === undefined || cancelSoon !== undefined) return;
      cancelSoon = clock.after(SOON_MS, () => {
        cancelSoon = undefined;
        beat();
      });
    },
    stop: () => {
      cancel?.();
      cancel = undefined;
      cancelSoon?.();
    },
  };
}
