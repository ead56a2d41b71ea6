/**
 * The messages of a link after the handshake.
 *
 * Sync is pull: whoever hears of missing ops in the other's heads says `want` with its own heads and gets one bounded
 * chunk, again and again until nothing is missing. Each chunk is durable before the next is asked for, so a cut at any
 * point resumes where it was. What becomes durable meanwhile is pushed live as soon as the peer has what comes before.
 */
import {
  type Comparison,
  createHeadsCollector,
  feedParts,
  type Heads,
  isOutOfOrder,
  LIMITS,
  type Message,
  pagesOf,
  type RefusalCode,
  type Replica,
  unreachable,
} from "@skein/core";

import type { Offered } from "../journal.ts";
import { chunkFor, type Want } from "./chunk.ts";
import { type LinkState, mayHaveLog } from "./link-state.ts";
import { isBehind } from "./live-push.ts";
import type { PeerLink, PeerLinkDeps } from "./peer-link.ts";

/** The heads that this node tells: all of them, without what the peer shall name by itself. */
export function headsFor({ known }: LinkState, { replica, heldBack }: PeerLinkDeps): Heads {
  const feed = known === undefined ? heldBack() : undefined;
  if (feed === undefined) return replica.heads();
  return new Map([...replica.heads()].filter(([one]) => one !== feed));
}

/** Takes each message as it comes. */
export function createSync(state: LinkState, peerLink: PeerLink, deps: PeerLinkDeps): (message: Message) => void {
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

/** Ends a link over what no honest node sends, and remembers it of the member. */
export function refuseJunk({ ingress }: LinkState, peerLink: PeerLink, code: RefusalCode, message: string): void {
  peerLink.close(code, message);
  ingress?.spend("junk", 1);
}

/** False when the link was cut for what it spends on frames, so many of which were not to be expected here already. */
function isWithinBudget({ peer, ingress }: LinkState, { refused, taken, forks }: Offered, unexpected: number): boolean {
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
function learnKnown(state: LinkState, compared: Comparison, replica: Replica): void {
  const known = state.known ?? new Map<string, number>();
  for (const [branch, seq] of compared.known) known.set(branch, Math.max(seq, known.get(branch) ?? 0));
  state.known = known;
  state.behind = compared.disputed.size > 0 || isBehind(known, replica);
}

const PLACES_KEPT = 64;

/** Where histories part, the next chunk begins after what both were seen to hold. */
function noteKnown({ disputed }: LinkState, { known }: Offered): void {
  for (const [feed, place] of known) {
    const places = disputed.get(feed);
    if (places !== undefined) disputed.set(feed, [...places, place].slice(-PLACES_KEPT));
  }
}

/** An honest peer asks once and waits. Of many questions at once the last one is answered, and others have their turn. */
function answerSoon(state: LinkState, want: Want, peerLink: PeerLink, deps: PeerLinkDeps): void {
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
