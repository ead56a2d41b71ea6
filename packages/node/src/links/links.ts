/**
 * All links of this node: listening, dialing, one link per peer, passing on what is new, closing what must not stay.
 */
import {
  type Beat,
  createHandshake,
  type Crypto,
  err,
  fromHex,
  type Heads,
  type JoinRequest,
  LIMITS,
  type Membership,
  type Message,
  ok,
  type RefusalCode,
  type Replica,
  type Result,
  type Signer,
  toHex,
} from "@skein/core";

import type { Incidents } from "../incidents.ts";
import type { Journal } from "../journal.ts";
import type { Logger } from "../logger.ts";
import type { Cancel, Clock, Link, LinkHandlers, LogStore, PeerNet, Random } from "../ports.ts";
import type { SealedBeat } from "../presence.ts";
import { isDialable } from "./address.ts";
import { createDialer, type DialTarget } from "./dialer.ts";
import { createPeerLink, type LinkRefusal, type PeerLink, type PeerLinkDeps } from "./peer-link.ts";

export interface Links {
  listen(address: { host: string; port: number }): Promise<Result<string, string>>;
  start(): void;
  /** Keys (hex) of the peers this node is linked to directly. */
  peers(): ReadonlyMap<string, PeerLink>;
  sendBeat(sealed: SealedBeat): void;
  /** Refusals of this node by others that will not heal by trying again, newest last. */
  refusals(): readonly LinkRefusal[];
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
  readonly signer: Signer;
  readonly name: string;
  readonly rendezvous: readonly string[];
  /** The ticket this node joins with, while it is not a member. */
  readonly ticket: Signer | null;
  readonly incidents: Incidents;
  readonly log: Logger;
  readonly membership: () => Membership;
  /** Beats heard, for the addresses in them. */
  readonly heard: () => ReadonlyMap<string, { readonly beat: Beat }>;
  readonly receiveBeat: (sealed: SealedBeat) => boolean;
  readonly onHeads: (heads: Heads) => void;
  readonly onLogMessage: (link: PeerLink, message: Message) => void;
  /** The first link came up after there was none. */
  readonly onReconnected: () => void;
  readonly onRefused: (refusal: LinkRefusal) => void;
}

const ANTI_ENTROPY_MS = 3_000;
const KNOWN_ADDRESSES = "addresses";
const LINKS_MAX = 64;

export function createLinks(deps: LinksDeps): Links {
  const { clock, net, replica, journal } = deps;
  const open = new Set<PeerLink>();
  const proved = new Map<string, PeerLink>();
  const refusals: LinkRefusal[] = [];
  /** Who answered at an address that was dialed; a rendezvous address does not say it. */
  const answeredAt = new Map<string, string>();
  const self = toHex(deps.signer.publicKey);
  let ownHost = "";
  let stopped = false;
  let cancelAntiEntropy: Cancel | undefined;

  const makeLink = (link: Link, initiated: boolean, onSettled: (provedLink: boolean) => void): LinkHandlers => {
    const linkDeps: PeerLinkDeps = {
      clock,
      journal,
      replica,
      store: deps.store,
      membership: deps.membership,
      createHandshake: () =>
        createHandshake(
          initiated ? "initiator" : "acceptor",
          {
            mesh: replica.mesh,
            signer: deps.signer,
            name: deps.name,
            nonce: deps.random.bytes(32),
            ticket: deps.membership().members.has(self) ? null : deps.ticket,
          },
          deps.crypto,
        ),
      admit: (request) => admit(deps, request),
      onProved: (one) => {
        if (settleDuplicate(one)) onSettled(true);
      },
      onMessage: (one, message) => {
        if (message.type !== "beat") return deps.onLogMessage(one, message);
        if (deps.receiveBeat(message)) passOn(message, one);
        return undefined;
      },
      onHeads: deps.onHeads,
      onCaughtUp: (one) => closeUnlessMember(one),
      onClosed: (one, reason) => {
        open.delete(one);
        const peer = one.peer();
        if (peer !== undefined && proved.get(peer.key) === one) proved.delete(peer.key);
        deps.log("debug", "link.closed", { peer: peer?.name ?? one.remoteAddress, reason });
        onSettled(false);
      },
      onRefusal: (refusal) => {
        noteRefusal(deps, refusal);
        refusals.push(refusal);
        if (refusal.code === "self") answeredAt.set(refusal.peer, self);
        if (refusals.length > 50) refusals.shift();
        deps.onRefused(refusal);
      },
    };
    const { peerLink, handlers } = createPeerLink(link, initiated, linkDeps);
    open.add(peerLink);
    return handlers;
  };

  /** Of two links to one peer both ends keep the same: the one that the smaller key dialed, else the newer. */
  const settleDuplicate = (link: PeerLink): boolean => {
    const peer = link.peer();
    if (peer === undefined) return false;
    if (link.initiated) answeredAt.set(link.remoteAddress, peer.key);
    const other = proved.get(peer.key);
    if (other !== undefined && other !== link) {
      const dialedBySmaller = (one: PeerLink): boolean => (one.initiated ? self < peer.key : peer.key < self);
      const keepOther = dialedBySmaller(other) && !dialedBySmaller(link);
      (keepOther ? link : other).close("duplicate-link", "there is another link between these two nodes");
      if (keepOther) return true;
    }
    const first = proved.size === 0;
    proved.set(peer.key, link);
    deps.log("info", "link.up", { peer: peer.name, initiated: link.initiated });
    if (first) deps.onReconnected();
    return true;
  };

  const passOn = (sealed: SealedBeat, from: PeerLink | undefined): void => {
    const { bytes, signature } = sealed;
    for (const link of proved.values()) if (link !== from) link.send({ type: "beat", bytes, signature });
  };

  const closeUnlessMember = (link: PeerLink): void => {
    const peer = link.peer();
    const { members } = deps.membership();
    if (peer === undefined || members.size === 0) return;
    const member = members.get(peer.key);
    if (member === undefined) link.close("not-a-member", "the key is not a member of this mesh");
    else if (member.cut !== null) link.close("removed", `the key of ${member.name} was removed from this mesh`);
  };

  const dialer = createDialer({
    clock,
    random: deps.random,
    isLinked: (target) => isLinkedTo(target, target.node ?? answeredAt.get(target.url), self, proved, open),
    dial: (target) => dialOnce(net, target, makeLink),
  });

  const retarget = (): void => {
    dialer.setTargets(targetsOf(deps, self, isLoopback(ownHost)));
    rememberAddresses(deps);
  };

  journal.onCommitted((committed) => {
    for (const link of proved.values()) link.push(committed.frames.filter((frame) => frame.from !== link));
    if (committed.membership || committed.items === undefined)
      for (const link of proved.values()) closeUnlessMember(link);
  });

  const antiEntropy = (): void => {
    for (const link of proved.values()) link.announceHeads();
    retarget();
    cancelAntiEntropy = clock.after(ANTI_ENTROPY_MS * (0.75 + (deps.random.bytes(1)[0] ?? 0) / 512), antiEntropy);
  };

  return {
    listen: async (address) => {
      ownHost = address.host;
      return net.listen(address, (link) => {
        // More sockets than this are somebody's flood; the handshake limit frees them again.
        if (open.size >= LIMITS.links || stopped) {
          link.close("too-many-links");
          return { onMessage: () => undefined, onClose: () => undefined };
        }
        return makeLink(link, false, () => undefined);
      });
    },
    start: () => {
      retarget();
      dialer.poke();
      antiEntropy();
    },
    peers: () => proved,
    sendBeat: (sealed) => passOn(sealed, undefined),
    refusals: () => refusals,
    stop: async () => {
      stopped = true;
      cancelAntiEntropy?.();
      dialer.stop();
      for (const link of open) link.close("shutting-down", "the node is shutting down");
      await net.close();
    },
  };
}

async function dialOnce(
  net: PeerNet,
  target: DialTarget,
  makeLink: (link: Link, initiated: boolean, onSettled: (proved: boolean) => void) => LinkHandlers,
): Promise<boolean> {
  return new Promise((resolve) => {
    const dialed = net.dial(target.url, (link) => makeLink(link, true, resolve));
    void dialed.then((result) => {
      if (!result.ok) resolve(false);
    });
  });
}

function isLinkedTo(
  target: DialTarget,
  node: string | undefined,
  self: string,
  proved: ReadonlyMap<string, PeerLink>,
  open: ReadonlySet<PeerLink>,
): boolean {
  if (node === self) return true;
  if (node !== undefined && proved.has(node)) return true;
  return [...open].some((link) => link.initiated && link.remoteAddress === target.url);
}

/** Rendezvous addresses first, then every member's own words, then what was known before the restart. */
function targetsOf(deps: LinksDeps, self: string, allowLoopback: boolean): readonly DialTarget[] {
  const targets = new Map<string, DialTarget>(deps.rendezvous.map((url) => [url, { url, node: undefined }]));
  const add = (url: string, node: string): void => {
    const member = deps.membership().members.get(node);
    if (node === self || member === undefined || member.cut !== null || targets.size >= LINKS_MAX) return;
    if (isDialable(url, allowLoopback)) targets.set(url, { url, node });
  };
  for (const { beat } of deps.heard().values()) for (const url of beat.addresses.slice(0, 2)) add(url, beat.node);
  for (const [node, url] of rememberedAddresses(deps.store)) add(url, node);
  return [...targets.values()];
}

function rememberedAddresses(store: LogStore): readonly (readonly [string, string])[] {
  const bytes = store.getMeta(KNOWN_ADDRESSES);
  if (bytes === undefined) return [];
  return new TextDecoder()
    .decode(bytes)
    .split("\n")
    .flatMap((entry) => {
      const [node, url] = entry.split(" ");
      return node !== undefined && url !== undefined && fromHex(node) !== undefined ? [[node, url] as const] : [];
    });
}

/** So that a node finds its mesh again after a restart, with the rendezvous long dead. */
function rememberAddresses({ store, heard, incidents }: LinksDeps): void {
  const known = new Map(rememberedAddresses(store));
  let changed = false;
  for (const { beat } of heard().values()) {
    const [url] = beat.addresses;
    if (url === undefined || /\s/.test(url) || known.get(beat.node) === url) continue;
    known.set(beat.node, url);
    changed = true;
  }
  if (!changed) return;
  const text = [...known].map(([node, url]) => `${node} ${url}`).join("\n");
  const saved = store.putMeta(KNOWN_ADDRESSES, new TextEncoder().encode(text));
  if (!saved.ok) incidents.record("disk", "addresses", saved.error.message);
}

/** A joiner proved its ticket: write its join op, unless somebody else was faster. */
async function admit(
  deps: LinksDeps,
  request: JoinRequest,
): Promise<Result<void, { code: RefusalCode; message: string }>> {
  const { key, name, ticket, proof } = request;
  const written = await deps.journal.write(() => {
    const invite = deps.membership().invites.get(toHex(ticket));
    if (invite === undefined || invite.usedBy !== null) return err("spent" as const);
    return ok([{ entity: "mesh", on: null, body: { kind: "member.join" as const, key, name, ticket, proof } }]);
  });
  if (!written.ok) {
    return written.error === "spent"
      ? err({ code: "spent-ticket", message: "the ticket was used already; ask for a new one" })
      : err({ code: "not-saved", message: "this node cannot save anything right now; try another one" });
  }
  const member = deps.membership().members.get(toHex(key));
  if (member === undefined || member.cut !== null) {
    return err({ code: "bad-proof", message: "the join was not valid" });
  }
  deps.log("info", "member.joined", { name: member.name, role: member.role });
  return ok(undefined);
}

/** Told apart for the doctor: being refused is a person's concern, a duplicate link is not. */
function noteRefusal(deps: LinksDeps, refusal: LinkRefusal): void {
  if (refusal.code === "duplicate-link" || refusal.code === "self" || refusal.code === "shutting-down") return;
  const who = refusal.by === "us" ? "this node refused" : "this node was refused by";
  deps.incidents.record(`link-${refusal.code}`, refusal.peer, `${who} ${refusal.peer}: ${refusal.message}`);
  deps.log("warn", "link.refused", { by: refusal.by, code: refusal.code, peer: refusal.peer });
}

const isLoopback = (host: string): boolean => host === "localhost" || host === "::1" || host.startsWith("127.");
