/**
 * The addresses to keep linked: the rendezvous, every member's own words in its beats, and whoever answered where this
 * node dialed. What was learned is durable at once, so that a node finds its mesh again after a crash, with the rendezvous
 * long dead.
 */
import { fromHex, keyStatus, LIMITS, memberOf, type Membership } from "@skein/core";

import type { Incidents } from "../incidents.ts";
import type { LogStore } from "../ports.ts";
import { isDialable } from "./address.ts";
import type { DialTarget } from "./dialer.ts";

export interface AddressBook {
  /** The node with this key (hex) said where it listens, or answered there. */
  learn(node: string, url: string): void;
  /** What to dial. Loopback addresses of others count only for a node that listens on loopback itself. */
  targets(allowLoopback: boolean): readonly DialTarget[];
}

export interface AddressBookDeps {
  readonly store: LogStore;
  readonly incidents: Incidents;
  /** This node's member id. */
  readonly self: () => string;
  readonly rendezvous: readonly string[];
  readonly membership: () => Membership;
}

const META_KEY = "addresses";

export function createAddressBook(deps: AddressBookDeps): AddressBook {
  const { store, self, rendezvous, membership } = deps;
  /** The last address of each member, by its id. */
  const known = new Map(remembered(store));

  const save = (): void => {
    const text = [...known].map(([node, url]) => `${node} ${url}`).join("\n");
    const saved = store.putMeta(META_KEY, new TextEncoder().encode(text));
    if (!saved.ok) deps.incidents.record("disk", "addresses", saved.error.message);
  };

  return {
    learn: (key, url) => {
      const node = memberOf(membership(), key)?.id ?? key;
      // Only members get here, so the book is as small as the mesh.
      if (node === self() || url === "" || /\s/.test(url) || known.get(node) === url) return;
      known.set(node, url);
      save();
    },
    targets: (allowLoopback) => {
      const targets = new Map<string, DialTarget>(rendezvous.map((url) => [url, { url, node: undefined }]));
      for (const [node, url] of known) {
        const member = memberOf(membership(), node);
        if (member !== undefined && keyStatus(membership(), member.key) !== "current") continue;
        if (targets.has(url) || targets.size >= LIMITS.dialTargets) continue;
        // Who is in the book and not in the log joined in a part of the log that this disk has lost, and may bring it
        // back. Asked, such a node is heard; asking, it would be a stranger.
        if (isDialable(url, allowLoopback)) targets.set(url, { url, node: member?.key });
      }
      return [...targets.values()];
    },
  };
}

function remembered(store: LogStore): readonly (readonly [string, string])[] {
  const bytes = store.getMeta(META_KEY);
  if (bytes === undefined) return [];
  return new TextDecoder()
    .decode(bytes)
    .split("\n")
    .flatMap((entry) => {
      const [node, url] = entry.split(" ");
      return node !== undefined && url !== undefined && fromHex(node) !== undefined ? [[node, url] as const] : [];
    });
}
