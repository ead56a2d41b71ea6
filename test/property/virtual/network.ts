/** A simulated network: ordered links with delay, and walls between groups of nodes. */
import { err, ok } from "@skein/core";
import type { Prng } from "@skein/core/testing";
import type { Link, LinkHandlers, PeerNet } from "@skein/node";

import type { VirtualTime } from "./clock.ts";

export interface VirtualNetwork {
  netFor(node: string): PeerNet;
  /** Cuts all links between the groups, and makes no new ones. */
  partition(groups: readonly (readonly string[])[]): void;
  heal(): void;
  /** A dead node's links end without a word. */
  cutOff(node: string): void;
}

interface End {
  readonly node: string;
  handlers: LinkHandlers | undefined;
  open: boolean;
}

export function createVirtualNetwork(time: VirtualTime, prng: Prng): VirtualNetwork {
  const listeners = new Map<string, { readonly node: string; readonly accept: (link: Link) => LinkHandlers }>();
  const pairs: [End, End][] = [];
  let groups: readonly (readonly string[])[] = [];
  let nextPort = 1;

  const reachable = (a: string, b: string): boolean =>
    groups.length === 0 || groups.some((group) => group.includes(a) && group.includes(b));
  const delay = (): number => 1 + prng.int(20);

  const close = ([a, b]: readonly [End, End], reason: string): void => {
    for (const end of [a, b]) {
      if (!end.open) continue;
      end.open = false;
      time.after(delay(), () => end.handlers?.onClose(reason));
    }
  };
  const linkOf = (own: End, other: End, pair: readonly [End, End], remoteAddress: string): Link => {
    let lastAt = 0;
    return {
      remoteAddress,
      send: (bytes) => {
        if (!own.open) return "closed";
        const copy = bytes.slice();
        // In order, whatever the delays.
        lastAt = Math.max(lastAt, time.nowMs() + delay());
        time.after(lastAt - time.nowMs(), () => {
          if (other.open) other.handlers?.onMessage(copy);
        });
        return "sent";
      },
      bufferedBytes: () => 0,
      rttMs: () => undefined,
      pause: () => undefined,
      resume: () => undefined,
      setMaxMessageBytes: () => undefined,
      close: (reason) => {
        time.after(Math.max(0, lastAt - time.nowMs()) + 1, () => close(pair, reason));
      },
    };
  };

  return {
    netFor: (node) => ({
      listen: (_address, accept) => {
        const url = `ws://127.0.0.1:${nextPort++}`;
        listeners.set(url, { node, accept });
        return Promise.resolve(ok(url));
      },
      dial: (url, handlers) => {
        const listener = listeners.get(url);
        if (listener === undefined || !reachable(node, listener.node)) return Promise.resolve(err("unreachable"));
        const own: End = { node, handlers: undefined, open: true };
        const other: End = { node: listener.node, handlers: undefined, open: true };
        const pair: [End, End] = [own, other];
        pairs.push(pair);
        const link = linkOf(own, other, pair, url);
        other.handlers = listener.accept(linkOf(other, own, pair, `peer-of-${node}`));
        own.handlers = handlers(link);
        return Promise.resolve(ok(link));
      },
      close: () => Promise.resolve(),
    }),
    partition: (next) => {
      groups = next;
      for (const pair of pairs) if (!reachable(pair[0].node, pair[1].node)) close(pair, "partition");
    },
    heal: () => {
      groups = [];
    },
    cutOff: (node) => {
      for (const [url, listener] of listeners) if (listener.node === node) listeners.delete(url);
      for (const pair of pairs) if (pair.some((end) => end.node === node)) close(pair, "gone");
    },
  };
}
