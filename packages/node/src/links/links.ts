/**
 * All links of this node: listening, dialing, passing on what is new, closing what must not stay.
 */
import {
  type Beat,
  createHandshake,
  type Crypto,
  type Handshake,
  LIMITS,
  type Membership,
  type Message,
  type Replica,
  type Result,
  rotationsTo,
  type Signer,
  toHex,
} from "@skein/core";

import type { Incidents } from "../incidents.ts";
import type { Committed, Journal } from "../journal.ts";
import type { Logger } from "../logger.ts";
import type { Cancel, Clock, Link, LinkHandlers, LogStore, PeerNet, Random } from "../ports.ts";
import type { SealedBeat } from "../presence.ts";
import { type AddressBook, createAddressBook } from "./address-book.ts";
import { admit } from "./admission.ts";
import { createDialer, type DialTarget } from "./dialer.ts";
import { createLinkTable, type LinkTable } from "./link-table.ts";
import { createPeerLink, type LinkRefusal, type PeerLink } from "./peer-link.ts";

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
  readonly onLogMessage: (link: PeerLink, message: Message) => void;
  /** A link came up after there was none. */
  readonly onReconnected: () => void;
  readonly onRefused: (refusal: LinkRefusal) => void;
}

const ANTI_ENTROPY_MS = 3_000;

/** Called once with whether the link came to be proved. */
type Settled = (proved: boolean) => void;

export function createLinks(deps: LinksDeps): Links {
  const { clock, net, journal } = deps;
  const table = createLinkTable(() => toHex(deps.signer().publicKey));
  const addresses = createAddressBook(deps);
  const makeLink = linkMaker(deps, table, addresses);
  let listensOnLoopback = false;
  let stopped = false;
  let cancelAntiEntropy: Cancel | undefined;

  const dialer = createDialer({
    clock,
    random: deps.random,
    isLinked: (target) => table.isLinked(target),
    dial: (target) => dialOnce(net, target, makeLink),
  });
  const retarget = (): void => dialer.setTargets(addresses.targets(listensOnLoopback));
  const antiEntropy = (): void => {
    for (const link of table.proved.values()) link.announceHeads();
    retarget();
    const [jitter = 0] = deps.random.bytes(1);
    cancelAntiEntropy = clock.after(ANTI_ENTROPY_MS * (0.75 + jitter / 512), antiEntropy);
  };
  journal.onCommitted((committed) => passOnCommitted(table, deps.membership(), committed));

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

/** Wires one new connection to this node. */
function linkMaker(
  deps: LinksDeps,
  table: LinkTable,
  addresses: AddressBook,
): (link: Link, initiated: boolean, settled: Settled) => LinkHandlers {
  return (link, initiated, settled) => {
    const { peerLink, handlers } = createPeerLink(link, initiated, {
      ...deps,
      createHandshake: () => newHandshake(deps, initiated),
      admit: (request) => admit(deps, request),
      onProved: (one) => {
        const first = table.proved.size === 0;
        const kept = table.settle(one);
        settled(true);
        const peer = one.peer();
        if (peer !== undefined && initiated) addresses.learn(peer.key, link.remoteAddress);
        if (!kept) return;
        deps.log("info", "link.up", { peer: peer?.name ?? "", initiated });
        if (first) deps.onReconnected();
      },
      onMessage: (one, message) => {
        if (message.type !== "beat") return deps.onLogMessage(one, message);
        const beat = deps.receiveBeat(message);
        if (beat === undefined) return undefined;
        addresses.learn(beat.node, beat.addresses[0] ?? "");
        return passOnBeat(table, message, one);
      },
      onCaughtUp: (one) => table.judge(one, deps.membership()),
      onClosed: (one, reason) => {
        table.remove(one);
        deps.log("debug", "link.closed", { peer: one.peer()?.name ?? one.remoteAddress, reason });
        settled(false);
      },
      onRefusal: (refusal) => {
        if (refusal.code === "self") table.ownAddress(link.remoteAddress);
        noteRefusal(deps, refusal);
        deps.onRefused(refusal);
      },
    });
    table.add(peerLink);
    return handlers;
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
  for (const link of table.proved.values()) link.push(committed.frames.filter((frame) => frame.from !== link));
  if (!committed.membership && committed.items !== undefined) return;
  // A provisional peer is judged when it has nothing more to tell, not before.
  for (const link of table.proved.values()) if (link.peer()?.provisional === false) table.judge(link, membership);
}

function dialOnce(
  net: PeerNet,
  target: DialTarget,
  makeLink: (link: Link, initiated: boolean, settled: Settled) => LinkHandlers,
): Promise<boolean> {
  return new Promise((resolve) => {
    const dialed = net.dial(target.url, (link) => makeLink(link, true, resolve));
    void dialed.then((result) => {
      if (!result.ok) resolve(false);
    });
  });
}

const ORDINARY: ReadonlySet<string> = new Set(["duplicate-link", "self", "renewed", "shutting-down"]);

/** Being refused is a person's concern; a second link to the same peer is not. */
function noteRefusal(deps: LinksDeps, { by, code, message, peer }: LinkRefusal): void {
  if (ORDINARY.has(code)) return;
  const who = by === "us" ? `this node refused ${peer}` : `${peer} refused this node`;
  deps.incidents.record(`link-${code}`, peer, `${who}: ${message}`);
  deps.log("warn", "link.refused", { by, code, peer });
}

const isLoopback = (host: string): boolean => host === "localhost" || host === "::1" || host.startsWith("127.");
