/**
 * Links between nodes over WebSocket. A link is not authenticated here: that is the handshake of the node, which this
 * adapter only gives little room (see `socket-link.ts`) and little time.
 */
import { err, LIMITS, ok } from "@skein/core";
import type { PeerNet } from "@skein/node";
import { dial } from "./dial.ts";
import { listen, type Listener } from "./listen.ts";
import { createPlaces } from "./places.ts";
import type { SocketLink } from "./socket-link.ts";

export interface PeerNetOptions {
  /** From the first packet to an open link, in both directions. */
  readonly handshakeTimeoutMs?: number;
  /** Time between two pings; a link that is silent for three of them is cut. */
  readonly pingMs?: number;
  /** Connections accepted at once, links or not. */
  readonly connections?: number;
  /** Of these from one IPv4 address or one IPv6 network of 64 bits. */
  readonly connectionsPerAddress?: number;
  /** Addresses that many nodes share, such as the one of a proxy; loopback always is one. */
  readonly trustedAddresses?: readonly string[];
}

export function createPeerNet(options: PeerNetOptions = {}): PeerNet {
  const handshakeTimeoutMs = options.handshakeTimeoutMs ?? LIMITS.handshakeMs;
  const places = createPlaces({
    total: options.connections ?? LIMITS.links,
    perAddress: options.connectionsPerAddress ?? LIMITS.linksPerAddress,
    sharedAddresses: options.trustedAddresses ?? [],
  });
  const links = new Set<SocketLink>();
  const listeners = new Set<Listener>();
  const stop = new AbortController();
  let whenEmpty = (): void => {};
  const keepTrack = {
    onOpen: (link: SocketLink): void => {
      links.add(link);
    },
    onClosed: (link: SocketLink): void => {
      links.delete(link);
      if (links.size === 0) whenEmpty();
    },
  };
  const round = setInterval(
    () => {
      for (const link of links) link.checkAlive();
    },
    options.pingMs ?? LIMITS.idleMs / 3,
  );
  // Links keep the process alive, not the looking after them.
  round.unref();

  return {
    dial: (url, makeHandlers, mayReach) =>
      dial({ url, timeoutMs: handshakeTimeoutMs, makeHandlers, mayReach, ...keepTrack, signal: stop.signal }),
    listen: async (address, accept) => {
      const listening = await listen({ address, handshakeTimeoutMs, places, accept, ...keepTrack });
      if (!listening.ok) return listening;
      if (stop.signal.aborted) {
        await listening.value.close();
        return err("The node is stopping and does not listen any more.");
      }
      listeners.add(listening.value);
      return ok(listening.value.url);
    },
    close: async () => {
      stop.abort();
      clearInterval(round);
      const closed = [...listeners].map((listener) => listener.close());
      const emptied = new Promise<void>((resolve) => {
        whenEmpty = resolve;
        if (links.size === 0) resolve();
      });
      for (const { link } of links) link.close("shutting-down");
      await Promise.all([...closed, emptied]);
    },
  };
}
