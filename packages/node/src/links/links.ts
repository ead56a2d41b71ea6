/**
 * All links of this node: listening, dialing, passing on what is new, closing what must not stay.
 */
import {
  type Beat,
  type Budget,
  createHandshake,
  type Crypto,
  type Handshake,
  type Heads,
  keyStatus,
  LIMITS,
  memberOf,
  type Membership,
  type Message,
  RELAYED_BEATS,
  RELAYED_CURSORS,
  type Replica,
  type Result,
  rotationsTo,
  type Signer,
  toHex,
} from "@skein/core";

import { type Incidents, KEY_REPLACED } from "../incidents.ts";
import type { Committed, Journal } from "../journal.ts";
import type { Logger } from "../logger.ts";
import type { Cancel, Clock, Link, LinkHandlers, LogStore, PeerNet, Random } from "../ports.ts";
import type { SealedBeat } from "../presence.ts";
import { createAccounts } from "./account.ts";
import { type AddressBook, createAddressBook } from "./address-book.ts";
import { isReachable } from "./address.ts";
import { admit } from "./admission.ts";
import { createDialer, type DialTarget } from "./dialer.ts";
import { createLinkTable, type LinkTable } from "./link-table.ts";
import { createPeerLink, type LinkRefusal, type PeerLink } from "./peer-link.ts";
import { createTokenBucket, type TokenBucket } from "./token-bucket.ts";

export interface Links {
  listen(address: { host: string; port: number }): Promise<Result<string, string>>;
  start(): void;
  /** Proved links by the peer's key (hex). */
  peers(): ReadonlyMap<string, PeerLink>;
  sendBeat(sealed: SealedBeat): void;
  /** This node's key is another one now: every link is made again. */
  renew(): void;
  stop(): Promise<void>;
}

export interface LinksDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly crypto: Crypto;
  readonly net: PeerNet;
  readonly store: LogStore;
  readonly journal: Journal;
  readonly replica: Replica;
  readonly signer: () => Signer;
  /** This node's member id. */
  readonly self: () => string;
  readonly name: string;
  readonly rendezvous: readonly string[];
  /** The ticket this node joins with, while it is not a member. */
  readonly ticket: Signer | null;
  readonly incidents: Incidents;
  readonly log: Logger;
  readonly membership: () => Membership;
  /** The beat, when it is news. */
  readonly receiveBeat: (sealed: SealedBeat) => Beat | undefined;
  /** Whose cursor it is (key, hex), when it is news. Cursors come as beats do. */
  readonly receiveCursor: (sealed: SealedBeat) => string | undefined;
  readonly onLogMessage: (link: PeerLink, message: Message) => void;
  /** A feed whose end only they are told who have told their heads; undefined when there is none. */
  readonly heldBack: () => string | undefined;
  /** The first heads of this member on a link. */
  readonly onTold: (member: string, heads: Heads) => void;
  /** Everything this peer holds is here; by its member id, or its key while it is none. */
  readonly onCaughtUp: (member: string) => void;
  /** The member with this id proved its key on a new link. */
  readonly onMet: (member: string) => void;
  /** A link came up after there was none. */
  readonly onReconnected: () => void;
  readonly onRefused: (refusal: LinkRefusal) => void;
}

const ANTI_ENTROPY_MS = 3_000;

const STRANGER_LOG_LINES = { perSecond: 1, burst: 20 };

/** Called once with whether the link came to be proved. */
type Settled = (proved: boolean) => void;

export function createLinks(deps: LinksDeps): Links {
  const { clock, net, journal } = deps;
  const table = createLinkTable(() => toHex(deps.signer().publicKey), clock);
  const addresses = createAddressBook(deps);
  const news: News = { inPacks: false };
  const makeLink = linkMaker(
    deps,
    table,
    addresses,
    { beat: createRelay(deps, RELAYED_BEATS), cursor: createRelay(deps, RELAYED_CURSORS) },
    news,
  );
  let listensOnLoopback = false;
  let stopped = false;
  let cancelAntiEntropy: Cancel | undefined;

  const dialer = createDialer({
    clock,
    random: deps.random,
    isLinked: (target) => table.isLinked(target),
    dial: (target) => dialOnce(net, target, makeLink, (ip) => isReachable(ip, listensOnLoopback)),
  });
  const retarget = (): void => dialer.setTargets(addresses.targets(listensOnLoopback));
  const antiEntropy = (): void => {
    for (const link of table.proved.values()) link.announceHeads();
    retarget();
    const [jitter = 0] = deps.random.bytes(1);
    cancelAntiEntropy = clock.after(ANTI_ENTROPY_MS * (0.75 + jitter / 512), antiEntropy);
  };
  journal.onCommitted((committed) => {
    passOnCommitted(table, deps.membership(), committed);
    news.inPacks ||= committed.frames.some(({ bytes }) => bytes === undefined);
  });

  return {
    listen: async (address) => {
      listensOnLoopback = isLoopback(address.host);
      return net.listen(address, (link) => {
        // More sockets than this are somebody's flood; the handshake's time limit frees them again.
        if (table.open.size < LIMITS.links && !stopped) return makeLink(link, false, () => undefined);
        link.close("too-many-links");
        return { onMessage: () => undefined, onClose: () => undefined };
      });
    },
    start: () => {
      antiEntropy();
      dialer.poke();
    },
    peers: () => table.proved,
    sendBeat: (sealed) => passOnBeat(table, sealed, undefined),
    renew: () => {
      // What was written under the old key is on its way before the links close.
      for (const link of table.open) link.close("renewed", "this node goes on under a new key");
      retarget();
      if (cancelAntiEntropy !== undefined) dialer.poke();
    },
    stop: async () => {
      stopped = true;
      cancelAntiEntropy?.();
      dialer.stop();
      for (const link of table.open) link.close("shutting-down", "the node is shutting down");
      await net.close();
    },
  };
}

/** What arrives in packs is not pushed on frame by frame: whoever else is linked hears of it once it is all there. */
interface News {
  inPacks: boolean;
}

function announceToOthers(table: LinkTable, from: PeerLink): void {
  for (const link of table.proved.values()) if (link !== from) link.announceHeads();
}

/** Wires one new connection to this node. */
function linkMaker(
  deps: LinksDeps,
  table: LinkTable,
  addresses: AddressBook,
  mayRelay: Readonly<Record<"beat" | "cursor", (node: string) => boolean>>,
  news: News,
): (link: Link, initiated: boolean, settled: Settled) => LinkHandlers {
  const accounts = createAccounts(() => deps.clock.monoMs());
  const noteStranger = strangerNotes(deps);
  const idOf = (one: PeerLink): string => {
    const key = one.peer()?.key ?? "";
    return memberOf(deps.membership(), key)?.id ?? key;
  };
  return (link, initiated, settled) => {
    const { peerLink, handlers } = createPeerLink(link, initiated, {
      ...deps,
      // A member has one account under all its keys, so that a rotation pays no debts.
      accountOf: ({ key, follows }) => accounts.of(follows ?? memberOf(deps.membership(), key)?.id ?? key),
      createHandshake: () => newHandshake(deps, initiated),
      admit: (request) => admit(deps, request),
      onProved: (one) => {
        const first = table.proved.size === 0;
        const kept = table.settle(one);
        settled(true);
        const peer = one.peer();
        if (peer !== undefined) deps.onMet(idOf(one));
        if (peer !== undefined && initiated) addresses.learn(peer.key, link.remoteAddress);
        if (!kept) return;
        deps.log("info", "link.up", { peer: peer?.name ?? "", initiated });
        if (first) deps.onReconnected();
      },
      onMessage: (one, message) => {
        if (message.type !== "beat") return deps.onLogMessage(one, message);
        const beat = deps.receiveBeat(message);
        if (beat === undefined) {
          const teller = deps.receiveCursor(message);
          return teller === undefined || !mayRelay.cursor(teller) ? undefined : passOnBeat(table, message, one);
        }
        if (!mayRelay.beat(beat.node)) return undefined;
        addresses.learn(beat.node, beat.addresses[0] ?? "");
        return passOnBeat(table, message, one);
      },
      onTold: (one, heads) => {
        // Of somebody who is no member here nobody knows whom it stands for.
        if (deps.membership().members.has(idOf(one))) deps.onTold(idOf(one), heads);
      },
      onCaughtUp: (one) => {
        table.judge(one, deps.membership());
        if (news.inPacks) announceToOthers(table, one);
        news.inPacks = false;
        deps.onCaughtUp(idOf(one));
      },
      onClosed: (one, reason) => {
        table.remove(one);
        deps.log("debug", "link.closed", { peer: one.peer()?.name ?? one.remoteAddress, reason });
        settled(false);
      },
      onRefusal: (refusal) => {
        if (refusal.code === "self") table.ownAddress(link.remoteAddress);
        if (!initiated && refusal.peer === link.remoteAddress) noteStranger(refusal);
        else noteRefusal(deps, refusal);
        deps.onRefused(refusal);
      },
    });
    table.add(peerLink);
    return handlers;
  };
}

/** Beats are passed on to everybody, so one node's many would become everybody's many, in the name of honest ones. */
function createRelay({ clock, membership }: LinksDeps, budget: Budget): (node: string) => boolean {
  const buckets = new Map<string, TokenBucket>();
  return (node) => {
    // Only members' beats get here, so there are as many as there are members.
    const member = memberOf(membership(), node)?.id ?? node;
    const bucket = buckets.get(member) ?? createTokenBucket(budget);
    buckets.set(member, bucket);
    if (bucket.level(clock.monoMs()) < 1) return false;
    bucket.take(1, clock.monoMs());
    return true;
  };
}

function newHandshake(deps: LinksDeps, initiated: boolean): Handshake {
  const signer = deps.signer();
  const key = toHex(signer.publicKey);
  const membership = deps.membership();
  return createHandshake(
    initiated ? "initiator" : "acceptor",
    {
      mesh: deps.replica.mesh,
      signer,
      name: deps.name,
      nonce: deps.random.bytes(32),
      ticket: membership.keys.has(key) ? null : deps.ticket,
      rotations: rotationsTo(membership, key, LIMITS.helloRotations),
    },
    deps.crypto,
  );
}

function passOnBeat(table: LinkTable, { bytes, signature }: SealedBeat, from: PeerLink | undefined): void {
  for (const link of table.proved.values()) {
    if (link !== from && link.peer()?.provisional === false) link.send({ type: "beat", bytes, signature });
  }
}

function passOnCommitted(table: LinkTable, membership: Membership, committed: Committed): void {
  for (const link of table.proved.values()) link.push(committed.frames);
  if (!committed.membership && committed.items !== undefined) return;
  // A provisional peer is judged when it has nothing more to tell, not before.
  for (const link of table.proved.values()) if (link.peer()?.provisional === false) table.judge(link, membership);
}

function dialOnce(
  net: PeerNet,
  target: DialTarget,
  makeLink: (link: Link, initiated: boolean, settled: Settled) => LinkHandlers,
  mayReach: (ip: string) => boolean,
): Promise<boolean> {
  return new Promise((resolve) => {
    // The operator's own rendezvous may be anywhere; what peers say is judged.
    const rule = target.node === undefined ? undefined : mayReach;
    const dialed = net.dial(target.url, (link) => makeLink(link, true, resolve), rule);
    void dialed.then((result) => {
      if (!result.ok) resolve(false);
    });
  });
}

const ORDINARY: ReadonlySet<string> = new Set(["duplicate-link", "self", "renewed", "shutting-down"]);

/** Being refused is a person's concern; a second link to the same peer is not. */
/** Asked, a node of the mesh is heard by one that forgot it; asking, it is a stranger. */
const FORGOTTEN =
  ". As this node's log says it is one, so the other log may have lost its end or be an older copy. " +
  "Start that node with `skein up --rendezvous` and the address of a node that it forgot";

function noteRefusal(deps: LinksDeps, { by, code, message, peer }: LinkRefusal): void {
  if (ORDINARY.has(code)) return;
  const who = by === "us" ? `this node refused ${peer}` : `${peer} refused this node`;
  const isMember = keyStatus(deps.membership(), toHex(deps.signer().publicKey)) === "current";
  const todo = by === "peer" && code === "not-a-member" && isMember ? FORGOTTEN : "";
  const type = by === "peer" && code === "rotated" ? KEY_REPLACED : `link-${code}`;
  deps.incidents.record(type, peer, `${who}: ${message}${todo}`);
  deps.log("warn", "link.refused", { by, code, peer });
}

/**
 * Somebody who dialed this node and proved nothing. Its own words are not kept, nor its port, and not every one of a
 * flood is logged: a stranger shall neither write into the list that people look at nor push everything else out of it.
 */
function strangerNotes(deps: LinksDeps): (refusal: LinkRefusal) => void {
  const lines = createTokenBucket(STRANGER_LOG_LINES);
  return ({ by, code, message, peer }) => {
    if (by === "peer") return;
    const host = peer.replace(/:\d+$/, "");
    deps.incidents.record(`link-${code}`, host, `this node refused ${host}: ${message}`);
    if (lines.level(deps.clock.monoMs()) < 1) return;
    lines.take(1, deps.clock.monoMs());
    deps.log("warn", "link.refused", { by, code, peer });
  };
}

const isLoopback = (host: string): boolean => host === "localhost" || host === "::1" || host.startsWith("127.");
