/**
 * What becomes durable is pushed at once to a peer that holds everything else that is here, and to no other one.
 *
 * A frame builds on others: the ones before it, those its ops name, the one that names its author. What came in a pack
 * is not pushed, so what builds on it would not fit where it arrives, and the peer would blame the messenger: a hostile
 * member could have one honest node cut by another. Such a peer is told the heads instead, and asks for what it lacks.
 */
import { LIMITS, type Message, type Replica } from "@skein/core";

import type { CommittedFrame } from "../journal.ts";
import type { Cancel, Clock } from "../ports.ts";
import { createTokenBucket } from "./token-bucket.ts";

/** What is known of a peer's log. */
export interface Knowledge {
  /** What the peer holds of each of our branches, as far as we know; undefined until it has said so. */
  known: Map<string, number> | undefined;
  /** There may be more here than the peer holds or was sent. */
  behind: boolean;
  /** The peer is fetching chunks: it will ask again, so it needs no announcement. */
  peerCatchingUp: boolean;
}

export interface LivePush {
  readonly knowledge: Knowledge;
  /** The link's own mark in `CommittedFrame.from`. */
  readonly link: object;
  /** The peer is a member, as far as is known here. */
  readonly mayPush: boolean;
  readonly send: (message: Message) => void;
  readonly announce: () => void;
}

export function pushLive(frames: readonly CommittedFrame[], push: LivePush): void {
  const { knowledge, link, mayPush, send, announce } = push;
  const { known } = knowledge;
  if (known === undefined) return;
  const fitting: Uint8Array[] = [];
  let isHeldBack = false;
  for (const { branch, firstSeq, lastSeq, bytes, from } of frames) {
    const held = known.get(branch) ?? 0;
    if (from === link) known.set(branch, Math.max(held, lastSeq));
    if (from === link || lastSeq <= held) continue;
    const fits = mayPush && !knowledge.peerCatchingUp && !knowledge.behind && firstSeq === held + 1;
    if (fits && bytes !== undefined) {
      known.set(branch, lastSeq);
      fitting.push(bytes);
      continue;
    }
    knowledge.behind = true;
    // Of packs alone the peer hears once all of them are here.
    isHeldBack ||= bytes !== undefined;
  }
  for (const batch of messageSized(fitting)) send({ type: "frames", frames: batch, more: false });
  if (isHeldBack && mayPush && !knowledge.peerCatchingUp) announce();
}

function messageSized(frames: readonly Uint8Array[]): readonly Uint8Array[][] {
  const batches: Uint8Array[][] = [];
  let bytes = 0;
  for (const frame of frames) {
    const last = batches.at(-1);
    if (last !== undefined && bytes + frame.length <= LIMITS.chunkBytes) last.push(frame);
    else {
      batches.push([frame]);
      bytes = 0;
    }
    bytes += frame.length;
  }
  return batches;
}

/** Is something here that somebody who holds this much lacks? */
export function isBehind(known: ReadonlyMap<string, number>, replica: Pick<Replica, "heads">): boolean {
  for (const [branch, { seq }] of replica.heads()) if ((known.get(branch) ?? 0) < seq) return true;
  return false;
}

export interface Announcer {
  /** Now, or with everything else that comes up until it may be told again. */
  announce(): void;
  stop(): void;
}

/** Well below what a peer puts up with: what others send here must not make this node's heads a flood. */
const ANNOUNCEMENTS = { perSecond: 5, burst: 20 };

/** `tell` sends the heads and returns in how many messages. */
export function createAnnouncer(clock: Clock, tell: () => number): Announcer {
  const bucket = createTokenBucket(ANNOUNCEMENTS);
  let cancel: Cancel | undefined;
  let isStopped = false;
  const announce = (): void => {
    if (isStopped || cancel !== undefined) return;
    if (bucket.level(clock.monoMs()) >= 1) return void bucket.take(tell(), clock.monoMs());
    cancel = clock.after(1_000 / ANNOUNCEMENTS.perSecond, () => {
      cancel = undefined;
      announce();
    });
  };
  return {
    announce,
    stop: () => {
      isStopped = true;
      cancel?.();
    },
  };
}
