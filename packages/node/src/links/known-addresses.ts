/**
 * The addresses to keep linked: the rendezvous, every member's own words in its beats, and what was known before the
 * restart, so that a node finds its mesh again with the rendezvous long dead.
 */
import { type Beat, fromHex, type Membership } from "@skein/core";

import type { Incidents } from "../incidents.ts";
import type { LogStore } from "../ports.ts";
import { isDialable } from "./address.ts";
import type { DialTarget } from "./dialer.ts";

export interface AddressSources {
  readonly store: LogStore;
  readonly incidents: Incidents;
  readonly self: string;
  readonly rendezvous: readonly string[];
  readonly membership: () => Membership;
  readonly heard: () => ReadonlyMap<string, { readonly beat: Beat }>;
}

const META_KEY = "addresses";
const TARGETS_MAX = 64;
/** Of one member's announced addresses. */
const ADDRESSES_EACH = 2;

export function dialTargets(sources: AddressSources, allowLoopback: boolean): readonly DialTarget[] {
  const { rendezvous, self, membership } = sources;
  const targets = new Map<string, DialTarget>(rendezvous.map((url) => [url, { url, node: undefined }]));
  const add = (url: string, node: string): void => {
    const member = membership().members.get(node);
    if (node === self || member === undefined || member.cut !== null || targets.size >= TARGETS_MAX) return;
    if (!targets.has(url) && isDialable(url, allowLoopback)) targets.set(url, { url, node });
  };
  for (const { beat } of sources.heard().values()) {
    for (const url of beat.addresses.slice(0, ADDRESSES_EACH)) add(url, beat.node);
  }
  for (const [node, url] of remembered(sources.store)) add(url, node);
  return [...targets.values()];
}

export function rememberAddresses({ store, heard, incidents }: AddressSources): void {
  const known = new Map(remembered(store));
  let changed = false;
  for (const { beat } of heard().values()) {
    const [url] = beat.addresses;
    if (url === undefined || /\s/.test(url) || known.get(beat.node) === url) continue;
    known.set(beat.node, url);
    changed = true;
  }
  if (!changed) return;
  const text = [...known].map(([node, url]) => `${node} ${url}`).join("\n");
  const saved = store.putMeta(META_KEY, new TextEncoder().encode(text));
  if (!saved.ok) incidents.record("disk", "addresses", saved.error.message);
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
