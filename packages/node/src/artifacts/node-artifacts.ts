/** How a node without kept files behaves, and how a kept log stands in for the attempt's own. */
import { type BoardAttempt, err, type View } from "@skein/core";

import type { ArtifactStore } from "./artifacts.ts";

/** For a node that keeps nothing: a simulated one. */
export const withoutArtifacts: ArtifactStore = {
  start: () => undefined,
  poke: () => undefined,
  settle: () => Promise.resolve(),
  keep: () => Promise.resolve(err("this node keeps nothing")),
  read: () => Promise.resolve(err({ code: "unavailable", message: "This node keeps nothing of attempts." })),
};

/** The log of this attempt, as the node that ran it named it; undefined when it did not, or nobody has it. */
export async function keptLogOf(
  artifacts: Pick<ArtifactStore, "read">,
  view: View,
  { item, epoch, node }: BoardAttempt,
): Promise<Uint8Array | undefined> {
  const kept = view.items.get(item)?.annotations.artifacts ?? [];
  const named = kept.find((one) => one.member === node && one.epoch === epoch);
  const log = named?.files.find(({ sort }) => sort === "log");
  if (log === undefined) return undefined;
  const read = await artifacts.read(log.digest);
  return read.ok ? read.value.bytes : undefined;
}
