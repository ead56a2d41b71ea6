/**
 * One connection to one peer: handshake, then sync. Knows what the peer holds and sends only what it lacks.
 *
 * Sync is pull: whoever hears of missing ops in the other's heads says `want` with its own heads and gets one bounded
 * chunk, again and again until nothing is missing. Each chunk is durable before the next is asked for, so a cut at any
 * point resumes where it was. What becomes durable meanwhile is pushed live as soon as the peer has what comes before.
 */
import {
  decodeMessage,
  encodeMessage,
  type Handshake,
  type HandshakeStep,
  type Heads,
  isAheadOf,
  isOutOfOrder,
  type JoinRequest,
  LIMITS,
  type Membership,
  type Message,
  type Peer,
  type RefusalCode,
  type Replica,
  type Result,
  unreachable,
} from "@skein/core";

import type { CommittedFrame, Journal } from "../journal.ts";
import type { Clock, Link, LinkHandlers, LogStore } from "../ports.ts";

/** What a link needs from its node. */
export interface PeerLinkDeps {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly replica: Replica;
  readonly store: LogStore;
  readonly membership: () => Membership;
  readonly createHandshake: () => Handshake;
  /** Writes the join op of a proved joiner. */
  readonly admit: (request: JoinRequest) => Promise<Result<void, { code: RefusalCode; message: string }>>;
  readonly onProved: (link: PeerLink) => void;
  readonly onMessage: (link: PeerLink, message: Message) => void;
  readonly onCaughtUp: (link: PeerLink) => void;
  readonly onClosed: (link: PeerLink, reason: string) => void;
  readonly onRefusal: (refusal: LinkRefusal) => void;
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
  /** Pushes frames that just became durable, as far as the peer has what comes before them. */
  push(frames: readonly CommittedFrame[]): void;
  announceHeads(): void;
  /** A provisional peer turned out to be a member. */
  confirm(): void;
  close(code: RefusalCode, message: string): void;
}

interface State {
  peer: Peer | undefined;
  closed: boolean;
  /** What the peer holds, as far as we know; undefined until it has said so. */
  heads: Map<string, number> | undefined;
  /** The peer is fetching chunks: it will ask again, so nothing is pushed meanwhile. */
  peerCatchingUp: boolean;
  /** A `want` of ours is under way. */
  wanting: boolean;
  /** Ops here when it was sent. */
  opsAtWant: number;
  /** Answers in a row that brought nothing, and frames that do not fit. */
  barren: number;
  lastHeardMs: number;
}

const BARREN_MAX = 20;

/** Whoever is not known to be a member gets nothing of this mesh. */
const mayHaveLog = ({ peer }: State): boolean => peer !== undefined && (!peer.provisional || peer.follows);

export function createPeerLink(
  link: Link,
  initiated: boolean,
  deps: PeerLinkDeps,
): { readonly peerLink: PeerLink; readonly handlers: LinkHandlers } {
  const state: State = {
    peer: undefined,
    closed: false,
    heads: undefined,
    peerCatchingUp: false,
    wanting: false,
    opsAtWant: 0,
    barren: 0,
    lastHeardMs: deps.clock.monoMs(),
  };
  const nameOfPeer = (): string => state.peer?.name ?? link.remoteAddress;
  const end = (reason: string): void => {
    if (state.closed) return;
    state.closed = true;
    stopWatch();
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
    push: (frames) => pushLive(state, frames, send),
    announceHeads: () => {
      if (mayHaveLog(state)) send({ type: "heads", heads: deps.replica.heads() });
    },
    confirm: () => {
      if (state.peer?.provisional !== true) return;
      state.peer = { ...state.peer, provisional: false };
      peerLink.announceHeads();
    },
    close: refuse,
  };
  const stopWatch = watchSilence(deps.clock, state, refuse);
  const sync = createSync(state, peerLink, deps);
  const greet = createGreeting(state, link, peerLink, deps, end);
  const handlers: LinkHandlers = {
    onMessage: (bytes) => {
      if (state.closed) return;
      state.lastHeardMs = deps.clock.monoMs();
      const proved = state.peer !== undefined;
      const decoded = decodeMessage(bytes, proved ? LIMITS.messageBytes : LIMITS.messageBytesBeforeProof);
      if (!decoded.ok) refuse("bad-message", `a message could not be read: ${decoded.error}`);
      else if (proved) sync(decoded.value);
      else greet(decoded.value);
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
): (message: Message) => void {
  const handshake = deps.createHandshake();
  const admit = async (request: JoinRequest): Promise<void> => {
    const admitted = await deps.admit(request);
    if (state.closed) return;
    if (admitted.ok) perform(handshake.admitted());
    else peerLink.close(admitted.error.code, admitted.error.message);
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
        state.peer = step.peer;
        link.setMaxMessageBytes(LIMITS.messageBytes);
        deps.onProved(peerLink);
        return peerLink.announceHeads();
      default:
        return unreachable(step);
    }
  };
  const perform = (steps: readonly HandshakeStep[]): void => {
    for (const step of steps) performStep(step);
  };
  perform(handshake.start());
  return (message) =>
    perform(handshake.receive(message, { membership: deps.membership(), wallMs: deps.clock.wallMs() }));
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

/** Messages after the handshake. */
function createSync(state: State, peerLink: PeerLink, deps: PeerLinkDeps): (message: Message) => void {
  const refuse = (code: RefusalCode, message: string): void => peerLink.close(code, message);
  const want = (): void => {
    if (state.wanting || state.closed) return;
    state.wanting = true;
    state.opsAtWant = deps.replica.opCount();
    peerLink.send({ type: "want", heads: deps.replica.heads() });
  };

  const learnHeads = (heads: Heads): void => {
    // What we pushed while these heads were on their way is not in them, and it arrives all the same or the link ends:
    // what is known of the peer only goes up, or the next op would seem to leave a gap and wait for anti-entropy.
    const known = state.heads ?? new Map<string, number>();
    for (const [feed, head] of heads) known.set(feed, Math.max(head.seq, known.get(feed) ?? 0));
    state.heads = known;
    if (isAheadOf(heads, deps.replica.heads())) want();
    else deps.onCaughtUp(peerLink);
  };

  const receive = async (frames: readonly Uint8Array[], more: boolean): Promise<void> => {
    const solicited = state.wanting;
    const offered = await deps.journal.offer(frames, peerLink);
    if (state.closed) return;
    if (solicited) state.wanting = false;
    if (!offered.ok) {
      if (offered.error.type === "not-saved") return refuse("not-saved", "this node cannot save anything right now");
      if (!isOutOfOrder(offered.error)) return refuse("bad-frame", `${offered.error.type}: ${offered.error.message}`);
    }
    // Duplicates are nobody's fault: another link was faster, with the frame or with the whole answer.
    const isBarren = !offered.ok || (solicited && deps.replica.opCount() === state.opsAtWant);
    if (offered.ok && offered.value > 0) state.barren = 0;
    else if (isBarren) state.barren++;
    if (state.barren > BARREN_MAX) return refuse("bad-frame", "it keeps sending frames that do not fit together");
    if (!offered.ok || more) return want();
    if (solicited) deps.onCaughtUp(peerLink);
    return undefined;
  };

  return (message) => {
    switch (message.type) {
      case "heads":
        return learnHeads(message.heads);
      case "want":
        return mayHaveLog(state) ? serve(state, message.heads, peerLink, deps) : undefined;
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

/** One bounded chunk of what the peer lacks, in the order of our log, which is causal. */
function serve(state: State, heads: Heads, peerLink: PeerLink, { journal, store }: PeerLinkDeps): void {
  const known = new Map([...heads].map(([feed, head]) => [feed, head.seq]));
  const frames: Uint8Array[] = [];
  let bytes = 0;
  let more = false;
  for (const position of journal.index.missing(heads)) {
    const frame = store.frame(position);
    if (frame === undefined) break;
    if (frames.length > 0 && bytes + frame.length > LIMITS.chunkBytes) {
      more = true;
      break;
    }
    frames.push(frame);
    bytes += frame.length;
    const { feed, lastSeq } = journal.index.at(position);
    known.set(feed, lastSeq);
  }
  state.heads = known;
  state.peerCatchingUp = more;
  peerLink.send({ type: "frames", frames, more });
}

function pushLive(state: State, frames: readonly CommittedFrame[], send: (message: Message) => void): void {
  const { heads } = state;
  if (state.peer?.provisional !== false || heads === undefined || state.peerCatchingUp) return;
  let batch: Uint8Array[] = [];
  let bytes = 0;
  for (const frame of frames) {
    const known = heads.get(frame.feed) ?? 0;
    // Already there, or something in between is missing and the peer will ask for it.
    if (frame.lastSeq <= known || frame.firstSeq !== known + 1) continue;
    heads.set(frame.feed, frame.lastSeq);
    if (bytes + frame.bytes.length > LIMITS.chunkBytes) {
      send({ type: "frames", frames: batch, more: false });
      batch = [];
      bytes = 0;
    }
    batch.push(frame.bytes);
    bytes += frame.bytes.length;
  }
  if (batch.length > 0) send({ type: "frames", frames: batch, more: false });
}
