/**
 * Who this node is linked to: at most one proved link per peer, and who answered at which dialed address.
 */
import { keyStatus, LIMITS, memberOf, type Membership } from "@skein/core";

import type { Clock } from "../ports.ts";
import type { DialTarget } from "./dialer.ts";
import type { PeerLink } from "./peer-link.ts";

export interface LinkTable {
  /** Proved links by the peer's key (hex). */
  readonly proved: ReadonlyMap<string, PeerLink>;
  /** Every link, also while it still shakes hands. */
  readonly open: ReadonlySet<PeerLink>;
  add(link: PeerLink): void;
  remove(link: PeerLink): void;
  /** The link has proved its peer. Of two links to one peer one is closed. Returns false when it is this one. */
  settle(link: PeerLink): boolean;
  /** This node's own key answered at an address. */
  ownAddress(url: string): void;
  isLinked(target: DialTarget): boolean;
  /** Closes a link whose peer is not, or no longer, a member; confirms one whose peer is. */
  judge(link: PeerLink, membership: Membership): void;
}

/** Who answers at an address of this node's own, whatever its key is by now. */
const OWN = "own";

/** `self`: this node's key (hex). */
export function createLinkTable(self: () => string, clock: Pick<Clock, "monoMs">): LinkTable {
  const open = new Set<PeerLink>();
  const proved = new Map<string, PeerLink>();
  const provedAtMs = new Map<PeerLink, number>();
  /** A rendezvous address does not say who is there. */
  const answeredAt = new Map<string, string>();

  return {
    open,
    proved,
    add: (link) => open.add(link),
    remove: (link) => {
      open.delete(link);
      provedAtMs.delete(link);
      const peer = link.peer();
      if (peer !== undefined && proved.get(peer.key) === link) proved.delete(peer.key);
    },
    settle: (link) => {
      const peer = link.peer();
      if (peer === undefined) return false;
      if (link.initiated) answeredAt.set(link.remoteAddress, peer.key);
      const other = proved.get(peer.key);
      const now = clock.monoMs();
      // Nobody dials a peer that it is linked to, so two links come about by dialing at once. Later than that, the other
      // end has lost the older link without this one's noticing (half-open): keeping it would shut the peer out.
      const isHalfOpen = other !== undefined && now - (provedAtMs.get(other) ?? now) > LIMITS.handshakeMs;
      const isOnly = other === undefined || other === link;
      const loser = isOnly ? undefined : isHalfOpen ? other : loserOf(link, other, self(), peer.key);
      loser?.close("duplicate-link", "there is another link between these two nodes");
      if (loser === link) return false;
      proved.set(peer.key, link);
      provedAtMs.set(link, now);
      return true;
    },
    ownAddress: (url) => answeredAt.set(url, OWN),
    isLinked: (target) => {
      const node = target.node ?? answeredAt.get(target.url);
      if (node === OWN || node === self() || (node !== undefined && proved.has(node))) return true;
      return [...open].some((link) => link.initiated && link.remoteAddress === target.url);
    },
    judge: (link, membership) => {
      const peer = link.peer();
      if (peer === undefined || membership.members.size === 0) return;
      const name = memberOf(membership, peer.key)?.name ?? "";
      switch (keyStatus(membership, peer.key)) {
        case "current":
          return link.confirm();
        case "removed":
          return link.close("removed", `the key of ${name} was removed from this mesh`);
        case "rotated":
          return link.close("rotated", `the key of ${name} was replaced by another one`);
        case "unknown":
          return link.close("not-a-member", "the key is not a member of this mesh");
      }
    },
  };
}

/** Both ends keep the same link: the one that the smaller key dialed, else the newer. */
function loserOf(link: PeerLink, other: PeerLink, self: string, peer: string): PeerLink {
  const dialedBySmaller = (one: PeerLink): boolean => (one.initiated ? self < peer : peer < self);
  return dialedBySmaller(other) && !dialedBySmaller(link) ? link : other;
}
