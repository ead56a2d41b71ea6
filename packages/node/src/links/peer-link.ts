/**
 * One connection to one peer: handshake, then sync. Knows what the peer holds and sends only what it lacks.
 *
 * Sync is pull: whoever hears of missing ops in the other's heads says `want` with its own heads and gets one bounded
 * chunk, again and again until nothing is missing. Each chunk is durable before the next is asked for, so a cut at any
 * point resumes where it was. What becomes durable meanwhile is pushed live as soon as the peer has what comes before.
 */
import {
  type Crypto,
  type Comparison,
  createHeadsCollector,
  decodeMessage,
  encodeMessage,
  feedParts,
  type FramePlace,
  type Handshake,
  type HandshakeStep,
  type Heads,
  isOutOfOrder,
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

import type { CommittedFrame, Journal, Offered } from "../journal.ts";
import type { Clock, Link, LinkHandlers, LogStore } from "../ports.ts";
import type { Account } from "./account.ts";
import { chunkFor, type Want } from "./chunk.ts";
import { createIngress, type Ingress, overBudget } from "./ingress.ts";
import { createAnnouncer, isBehind, type Knowledge, pushLive } from "./live-push.ts";

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

export interface PeerLink {
  readonly initiated: boolean;
  readonly remoteAddress: string;
  /** Undefined until the peer has proved its key. */
  peer(): Peer | undefined;
  send(message: Message): void;
  /** Pushes frames that just became durable, as far as the peer has what they build on; also told of its own. */
  push(frames: readonly CommittedFrame[]): void;
  announceHeads(): void;
  /** A provisional peer turned out to be a member. */
  confirm(): void;
  close(code: RefusalCode, message: string): void;
}

interface State extends Knowledge {
  peer: Peer | undefined;
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

const newState = (nowMs: number): State => ({
  peer: undefined,
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

const PLACES_KEPT = 64;

/** Whoever is not known to be a member gets nothing of this mesh. */
const mayHaveLog = ({ peer }: State): boolean => peer !== undefined && (!peer.provisional || peer.follows !== null);

export function createPeerLink(
  link: Link,
  initiated: boolean,
  deps: PeerLinkDeps,
): { readonly peerLink: PeerLink; readonly handlers: LinkHandlers } {
  const state = newState(deps.clock.monoMs());
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

/** Runs the handshake's steps. Speaks first when this node dialed. */
function createGreeting(
  state: State,
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

/** Ends a link over what no honest node sends, and remembers it of the member. */
function refuseJunk({ ingress }: State, peerLink: PeerLink, code: RefusalCode, message: string): void {
  peerLink.close(code, message);
  ingress?.spend("junk", 1);
}

/** Cuts a link that does not finish its handshake, and later one that says nothing at all. */
function watchSilence(clock: Clock, state: State, cut: (code: RefusalCode, message: string) => void): () => void {
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

/** All of them, without what the peer shall name by itself. */
function headsFor({ known }: State, { replica, heldBack }: PeerLinkDeps): Heads {
  const feed = known === undefined ? heldBack() : undefined;
  if (feed === undefined) return replica.heads();
  return new Map([...replica.heads()].filter(([one]) => one !== feed));
}

/** Messages after the handshake. */
function createSync(state: State, peerLink: PeerLink, deps: PeerLinkDeps): (message: Message) => void {
  const refuse = (code: RefusalCode, message: string): void => peerLink.close(code, message);
  const collector = createHeadsCollector(deps.replica);
  const want = (): void => {
    if (state.wanting || state.closed) return;
    state.wanting = true;
    state.awaitsAnswer = true;
    state.opsAtWant = deps.replica.opCount();
    const disputed = [...state.disputed].slice(0, LIMITS.locators);
    const locators = disputed.flatMap(([feed, places]) => deps.replica.locate(feed, places) ?? []);
    for (const message of pagesOf({ type: "want", heads: headsFor(state, deps), locators })) peerLink.send(message);
  };

  const dispute = (feeds: Iterable<string>): void => {
    for (const feed of feeds) state.disputed.set(feed, state.disputed.get(feed) ?? []);
  };

  const learnHeads = (heads: Heads): void => {
    const isFirst = state.known === undefined;
    if (isFirst) deps.onTold(peerLink, heads);
    const compared = deps.replica.compare(heads);
    dispute(compared.disputed);
    state.strange = compared.strange;
    learnKnown(state, compared, deps.replica);
    if (isFirst && deps.heldBack() !== undefined) peerLink.announceHeads();
    if (compared.lacking) want();
    else deps.onCaughtUp(peerLink);
  };

  const receive = async (frames: readonly Uint8Array[], more: boolean): Promise<void> => {
    const solicited = state.wanting;
    const release = state.ingress?.waiting(frames);
    const offered = await deps.journal.offer(frames, peerLink);
    release?.();
    if (state.closed) return;
    if (solicited) state.wanting = false;
    if (!offered.ok) return refuse("not-saved", "this node cannot save anything right now");
    const { refused, taken } = offered.value;
    if (refused !== undefined && !isOutOfOrder(refused)) {
      return refuseJunk(state, peerLink, "bad-frame", `${refused.type}: ${refused.message}`);
    }
    // An answer holds only what was asked for, except for what others brought since then.
    const expected = solicited ? deps.replica.opCount() - state.opsAtWant : 0;
    if (!isWithinBudget(state, offered.value, frames.length - expected)) return undefined;
    dispute(offered.value.disputed);
    // Nothing of it fits: perhaps it was told behind a place that only the other history has.
    if (refused !== undefined && taken === 0) dispute(state.strange);
    noteKnown(state, offered.value);
    // Duplicates are nobody's fault: another link was faster, with the frame or with the whole answer.
    const isBarren = refused !== undefined || (solicited && deps.replica.opCount() === state.opsAtWant);
    state.barren = taken > 0 ? 0 : state.barren + (isBarren ? 1 : 0);
    if (state.barren > LIMITS.barrenAnswers) {
      return refuse("bad-frame", "it keeps sending frames that do not fit together");
    }
    if (refused !== undefined || more) return want();
    if (solicited) deps.onCaughtUp(peerLink);
    return undefined;
  };

  return (message) => {
    switch (message.type) {
      case "heads-page":
        return collector.page(message.heads);
      case "heads":
        return learnHeads(collector.finish(message.heads));
      case "want":
        return answerSoon(state, { ...message, heads: collector.finish(message.heads) }, peerLink, deps);
      case "frames":
        void receive(message.frames, message.more);
        return undefined;
      case "beat":
      case "log-read":
      case "log-data":
        return state.peer?.provisional === false ? deps.onMessage(peerLink, message) : undefined;
      case "refuse":
        deps.onRefusal({ by: "peer", code: message.code, message: message.message, peer: state.peer?.name ?? "" });
        return undefined;
      case "hello":
      case "proof":
        return refuse("bad-message", `${message.type} after the handshake`);
      default:
        return unreachable(message);
    }
  };
}

/** False when the link was cut for what it spends on frames, so many of which were not to be expected here already. */
function isWithinBudget({ peer, ingress }: State, { refused, taken, forks }: Offered, unexpected: number): boolean {
  // Forks of somebody else's feeds may come from an honest peer that passes them on.
  const own = forks.filter((feed) => feedParts(feed).author === peer?.key);
  if (ingress?.spend("forks", own.length) === false) return false;
  if (refused !== undefined) return ingress?.spend("misfits", 1) !== false;
  return ingress?.spend("duplicates", Math.max(0, unexpected - taken)) !== false;
}

/**
 * What we pushed while these heads were on their way is not in them, and it arrives all the same or the link ends: what
 * is known of the peer only goes up, or the next op would seem to leave a gap and wait for anti-entropy.
 */
function learnKnown(state: State, compared: Comparison, replica: Replica): void {
  const known = state.known ?? new Map<string, number>();
  for (const [branch, seq] of compared.known) known.set(branch, Math.max(seq, known.get(branch) ?? 0));
  state.known = known;
  state.behind = compared.disputed.size > 0 || isBehind(known, replica);
}

/** Where histories part, the next chunk begins after what both were seen to hold. */
function noteKnown({ disputed }: State, { known }: Offered): void {
  for (const [feed, place] of known) {
    const places = disputed.get(feed);
    if (places !== undefined) disputed.set(feed, [...places, place].slice(-PLACES_KEPT));
  }
}

/** An honest peer asks once and waits. Of many questions at once the last one is answered, and others have their turn. */
function answerSoon(state: State, want: Want, peerLink: PeerLink, deps: PeerLinkDeps): void {
  if (!mayHaveLog(state)) return;
  const isUnderWay = state.asked !== undefined;
  state.asked = want;
  if (isUnderWay) return;
  deps.clock.after(0, () => {
    const { asked } = state;
    state.asked = undefined;
    if (asked === undefined || state.closed) return;
    const { frames, more, known } = chunkFor(asked, deps);
    state.known = known;
    state.peerCatchingUp = more;
    state.behind = more;
    peerLink.send({ type: "frames", frames, more });
  });
}
