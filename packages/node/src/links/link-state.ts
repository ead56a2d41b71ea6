/** What a link knows of its peer and of what is under way between the two. */
import type { FramePlace, Peer } from "@skein/core";

import type { Want } from "./chunk.ts";
import type { Ingress } from "./ingress.ts";
import type { Knowledge } from "./live-push.ts";

export interface LinkState extends Knowledge {
  peer: Peer | undefined;
  /** When it proved its key. */
  provedMs: number;
  /** Set together with the peer. */
  ingress: Ingress | undefined;
  closed: boolean;
  /** Feeds of which the peer holds another history than we do, with places that both were seen to hold. */
  readonly disputed: Map<string, readonly FramePlace[]>;
  /** Feeds of which it told an end that we lack: it may be another history that is longer than ours. */
  strange: ReadonlySet<string>;
  /** The peer's question that is about to be answered. */
  asked: Want | undefined;
  /** A `want` of ours is under way. */
  wanting: boolean;
  /** Its answer has not begun to arrive. */
  awaitsAnswer: boolean;
  /** Ops here when it was sent. */
  opsAtWant: number;
  /** Answers in a row that brought nothing, and frames that do not fit. */
  barren: number;
  lastHeardMs: number;
}

export const newLinkState = (nowMs: number): LinkState => ({
  peer: undefined,
  provedMs: nowMs,
  ingress: undefined,
  closed: false,
  known: undefined,
  behind: false,
  disputed: new Map(),
  strange: new Set(),
  peerCatchingUp: false,
  asked: undefined,
  wanting: false,
  awaitsAnswer: false,
  opsAtWant: 0,
  barren: 0,
  lastHeardMs: nowMs,
});

/** Whoever is not known to be a member gets nothing of this mesh. */
export const mayHaveLog = ({ peer }: LinkState): boolean =>
  peer !== undefined && (!peer.provisional || peer.follows !== null);
