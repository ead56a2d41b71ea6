/** The nodes that are alive, as this one hears them, for planning and for words about what an item waits for. */
import { type AliveNode, type Candidate, type Membership, roleAtLeast } from "@skein/core";

import type { NodeOptions } from "./node.ts";
import type { Presence } from "./presence.ts";

/** The others. */
export const candidatesOf = (presence: Pick<Presence, "heard" | "isAlive">): readonly Candidate[] =>
  [...presence.heard()]
    .filter(([member]) => presence.isAlive(member))
    .map(([key, { beat }]) => {
      const { slots, slotsFree, load, lowDisk, labels } = beat;
      return { key, slotsFree, labels, burden: { slots, load, lowDisk } };
    });

/** Those that work at all, this one too; of itself a command that only opens the log says nothing. */
export function aliveNodes(
  { boot, idle, slots, labels }: Pick<NodeOptions, "boot" | "idle" | "slots" | "labels">,
  self: string,
  presence: Pick<Presence, "heard" | "isAlive">,
): readonly AliveNode[] {
  const own = boot > 0 && idle === null && slots > 0 ? [{ id: self, labels }] : [];
  const others = candidatesOf(presence).filter(({ burden }) => burden?.slots !== 0);
  return [...own, ...others.map(({ key: id, labels: theirs }) => ({ id, labels: theirs }))];
}

/** Members that may work at all, heard or not. */
export const ableMembers = ({ members }: Membership): readonly string[] =>
  [...members.values()].flatMap(({ id, cut, role }) => (cut === null && roleAtLeast(role, "agent") ? [id] : []));
