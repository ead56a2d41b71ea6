/**
 * One connection to one peer: handshake, then sync (sync.ts). Knows what the peer holds and sends only what it lacks. It
 * ends when the peer falls silent, does not keep up, or breaks a rule.
 */
import {
  type Crypto,
  decodeMessage,
  encodeMessage,
  type Handshake,
  type HandshakeStep,
  type Heads,
  type JoinRequest,
  LIMITS,
  type Membership,
  type Message,
  pagesOf,
  type Peer,
  type RefusalCode,
  type Replica,
  type Result,
  unreachable,
} from "@skein/core";

import type { CommittedFrame, Journal } from "../journal.ts";
import type { Clock, Link, LinkHandlers, LogStore } from "../ports.ts";
import type { Account } from "./account.ts";
import { createIngress, overBudget } from "./ingress.ts";
import { type LinkState, mayHaveLog, newLinkState } from "./link-state.ts";
import { createAnnouncer, pushLive } from "./live-push.ts";
import { createSync, headsFor, refuseJunk } from "./sync.ts";

/** What a link needs from its node. */
export interface PeerLinkDeps {
  readonly clock: Clock;
  readonly crypto: Crypto;
  readonly journal: Journal;
  readonly replica: Replica;
  readonly store: LogStore;
  readonly membership: () => Membership;
  readonly createHandshake: () => Handshake;
  /** Writes the join op of a proved joiner. */
  readonly admit: (request: JoinRequest) => Promise<Result<void, { code: RefusalCode; message: string }>>;
  readonly onProved: (link: PeerLink) => void;
  readonly onMessage: (link: PeerLink, message: Message) => void;
  /** A feed whose end is told only to whoever has told its heads; undefined when there is none. */
  readonly heldBack: () => string | undefined;
  /** Its first heads, unless it was answered before. */
  readonly onTold: (link: PeerLink, heads: Heads) => void;
  readonly onCaughtUp: (link: PeerLink) => void;
  readonly onClosed: (link: PeerLink, reason: string) => void;
  readonly onRefusal: (refusal: LinkRefusal) => void;
  /** What this member has made this node do lately. */
  readonly accountOf: (peer: Peer) => Account;
}

export interface LinkRefusal {
  /** Who said it: this node refused the peer, or the peer refused this node. */
  readonly by: "us" | "peer";
  readonly code: string;
  readonly message: string;
  readonly peer: string;
}

export interface LinkFacts {
  /** How long the other end took to answer; undefined before it was asked. */
  readonly rttMs: number | undefined;
  readonly queuedBytes: number;
  /** Ops that are here and that the peer is not known to hold; undefined before it has said what it holds. */
  readonly opsBehind: number | undefined;
  readonly upForMs: number;
}

export interface PeerLink {
  readonly initiated: boolean;
  readonly remoteAddress: string;
  /** Undefined until the peer has proved its key. */
  peer(): Peer | undefined;
  send(message: Message): void;
  /** Pushes frames that just became durable, as far as the peer has what they build on; also told of its own. */
  push(frames: readonly CommittedFrame[]): void;
  announceHeads(): void;
  /** For people: nothing is decided by it. */
  facts(): LinkFacts;
  /** A provisional peer turned out to be a member. */
  confirm(): void;
  close(code: RefusalCode, message: string): void;
}

export function createPeerLink(
  link: Link,
  initiated: boolean,
  deps: PeerLinkDeps,
): { readonly peerLink: PeerLink; readonly handlers: LinkHandlers } {
  const state = newLinkState(deps.clock.monoMs());
  const nameOfPeer = (): string => state.peer?.name ?? link.remoteAddress;
  const end = (reason: string): void => {
    if (state.closed) return;
    state.closed = true;
    stopWatch();
    announcer.stop();
    state.ingress?.end();
    deps.onClosed(peerLink, reason);
  };
  const refuse = (code: RefusalCode, message: string): void => {
    if (state.closed) return;
    deps.onRefusal({ by: "us", code, message, peer: nameOfPeer() });
    link.send(encodeMessage({ type: "refuse", code, message }));
    link.close(code);
    end(code);
  };
  const send = (message: Message): void => {
    if (state.closed || link.send(encodeMessage(message)) !== "full") return;
    // It catches up from its heads when it comes back: a delta, not a dump.
    deps.onRefusal({ by: "us", code: "too-slow", message: "its queue passed its limit", peer: nameOfPeer() });
    link.close("too-slow");
    end("too-slow");
  };
  const peerLink: PeerLink = {
    initiated,
    remoteAddress: link.remoteAddress,
    peer: () => state.peer,
    send,
    push: (frames) => {
      const mayPush = state.peer?.provisional === false;
      pushLive(frames, { knowledge: state, link: peerLink, mayPush, send, announce: () => announcer.announce() });
    },
    announceHeads: () => {
      if (mayHaveLog(state)) announcer.announce();
    },
    facts: () => ({
      rttMs: link.rttMs(),
      queuedBytes: link.bufferedBytes(),
      opsBehind: opsBehind(state, deps.replica.heads()),
      upForMs: deps.clock.monoMs() - state.provedMs,
    }),
    confirm: () => {
      if (state.peer?.provisional !== true) return;
      state.peer = { ...state.peer, provisional: false };
      peerLink.announceHeads();
    },
    close: refuse,
  };
  const announcer = createAnnouncer(deps.clock, () => {
    const pages = pagesOf({ type: "heads", heads: headsFor(state, deps) });
    for (const message of pages) send(message);
    return pages.length;
  });
  const stopWatch = watchSilence(deps.clock, state, refuse);
  const sync = createSync(state, peerLink, deps);
  const greet = createGreeting(state, link, peerLink, deps, end);
  const handlers: LinkHandlers = {
    onMessage: (bytes) => {
      if (state.closed) return;
      state.lastHeardMs = deps.clock.monoMs();
      if (state.peer === undefined) return greet(bytes);
      const decoded = decodeMessage(bytes, LIMITS.messageBytes);
      if (!decoded.ok)
        return refuseJunk(state, peerLink, "bad-message", `a message could not be read: ${decoded.error}`);
      const isAnswer = decoded.value.type === "frames" && state.awaitsAnswer;
      if (isAnswer) state.awaitsAnswer = false;
      return state.ingress?.admit(decoded.value, bytes.length, isAnswer) === false ? undefined : sync(decoded.value);
    },
    onClose: end,
  };
  return { peerLink, handlers };
}

const opsBehind = ({ known }: LinkState, heads: Heads): number | undefined =>
  known === undefined
    ? undefined
    : [...heads].reduce((sum, [branch, { seq }]) => sum + Math.max(0, seq - (known.get(branch) ?? 0)), 0);

/** Runs the handshake's steps. Speaks first when this node dialed. */
function createGreeting(
  state: LinkState,
  link: Link,
  peerLink: PeerLink,
  deps: PeerLinkDeps,
  end: (reason: string) => void,
): (bytes: Uint8Array) => void {
  const handshake = deps.createHandshake();
  const admit = async (request: JoinRequest): Promise<void> => {
    const admitted = await deps.admit(request);
    if (state.closed) return;
    if (admitted.ok) perform(handshake.admitted());
    else peerLink.close(admitted.error.code, admitted.error.message);
  };
  const onProved = (peer: Peer): void => {
    const account = deps.accountOf(peer);
    const nowMs = deps.clock.monoMs();
    state.peer = peer;
    state.provedMs = nowMs;
    state.ingress = createIngress({
      ...deps,
      link,
      account,
      cut: (message) => peerLink.close("over-budget", message),
    });
    if (!peerLink.initiated) account.spend("links", 1, nowMs);
    const exhausted = account.exhausted(nowMs);
    if (exhausted !== undefined) return peerLink.close("over-budget", overBudget(exhausted));
    link.setMaxMessageBytes(LIMITS.messageBytes);
    deps.onProved(peerLink);
    return peerLink.announceHeads();
  };
  const performStep = (step: HandshakeStep): void => {
    switch (step.type) {
      case "send":
        return peerLink.send(step.message);
      case "refuse":
        return peerLink.close(step.code, step.message);
      case "refused":
        deps.onRefusal({ by: "peer", code: step.code, message: step.message, peer: link.remoteAddress });
        link.close("refused");
        return end(step.code);
      case "admit":
        void admit(step.request);
        return undefined;
      case "proved":
        return onProved(step.peer);
      default:
        return unreachable(step);
    }
  };
  const perform = (steps: readonly HandshakeStep[]): void => {
    for (const step of steps) performStep(step);
  };
  perform(handshake.start());
  return (bytes) => perform(handshake.receive(bytes, { membership: deps.membership(), wallMs: deps.clock.wallMs() }));
}

/** Cuts a link that does not finish its handshake, and later one that says nothing at all. */
function watchSilence(clock: Clock, state: LinkState, cut: (code: RefusalCode, message: string) => void): () => void {
  const startedMs = clock.monoMs();
  let cancel = (): void => {};
  const look = (): void => {
    const now = clock.monoMs();
    if (state.peer === undefined && now - startedMs >= LIMITS.handshakeMs) {
      return cut("timeout", `the handshake took longer than ${LIMITS.handshakeMs} ms`);
    }
    if (now - state.lastHeardMs >= LIMITS.idleMs) return cut("timeout", `nothing was heard for ${LIMITS.idleMs} ms`);
    cancel = clock.after(1_000, look);
    return undefined;
  };
  cancel = clock.after(1_000, look);
  return () => cancel();
}
