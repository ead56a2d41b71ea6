/**
 * I2: one place of a feed holds one op that counts, on all nodes together. Where there are two, every node knows the feed
 * as forked there, both signed histories are in every log as the proof, and no op from there on has an effect. Only who
 * lies, or runs from a copied or older disk, comes there.
 */
import { feedId, feedOf, feedParts, type Frame, isPack, toHex } from "@skein/core";

import type { World } from "../world.ts";
import type { MakeChecker } from "./checker.ts";
import { correctMachines } from "./i07-convergence.ts";
import { frameKey, headersIn } from "../ports/records.ts";

/** First seq with two ops, by feed, of all logs together. */
type Forks = Map<string, number>;

export const uniqueness: MakeChecker = (world) => ({
  onEnd: () => {
    const forks = forksOnDisk(world);
    if (forks.size > 0) world.note("fork proof made");
    for (const feed of forks.keys()) {
      const { author } = feedParts(feed);
      const mayFork = world.byzantine.has(author) || world.machines.some((one) => one.key === author && one.mayFork);
      if (!mayFork) world.violate("I2", `the feed ${feed} forked, and its node is honest and had its own disk`);
    }
    for (const { name, running } of correctMachines(world)) {
      const known = running.node.replica.forks();
      const isSame = known.size === forks.size && [...forks].every(([feed, seq]) => known.get(feed) === seq);
      if (!isSame) world.violate("I2", `${name} knows ${known.size} forks of the ${forks.size} that there are`);
      for (const problem of effectsBeyond(running.node.replica.view().items, forks))
        world.violate("I2", `${name}: ${problem}`);
    }
  },
});

function forksOnDisk(world: World): Forks {
  const seen = new Set<string>();
  const ops = new Map<string, string>();
  const forks: Forks = new Map();
  for (const { disk } of correctMachines(world)) {
    for (const { bytes } of disk.frames()) {
      // The same frame on all disks is looked at once.
      const key = isPack(bytes) ? undefined : frameKey(bytes);
      if (key !== undefined && seen.has(key)) continue;
      if (key !== undefined) seen.add(key);
      for (const header of headersIn(bytes, world.crypto)) noteOps(header, ops, forks);
    }
  }
  return forks;
}

function noteOps(
  { author, incarnation, firstSeq, opIds }: Frame["header"],
  ops: Map<string, string>,
  forks: Forks,
): void {
  const feed = feedId(author, incarnation);
  for (const [index, opId] of opIds.entries()) {
    const [seq, id] = [firstSeq + index, toHex(opId)];
    const known = ops.get(`${feed}/${seq}`);
    ops.set(`${feed}/${seq}`, id);
    if (known !== undefined && known !== id) forks.set(feed, Math.min(seq, forks.get(feed) ?? seq));
  }
}

type Items = ReturnType<ReturnType<typeof correctMachines>[number]["running"]["node"]["replica"]["view"]>["items"];

/** Ops that count although they stand at or after a fork of their feed. */
function* effectsBeyond(items: Items, forks: Forks): Generator<string> {
  for (const item of items.values()) {
    for (const entry of item.entries.values()) {
      const { id, seq, outcome } = entry;
      if (outcome.type !== "accepted" && outcome.type !== "noted") continue;
      if (seq >= (forks.get(feedOf(entry)) ?? Number.POSITIVE_INFINITY)) {
        yield `op ${id.slice(0, 12)} of item ${item.id} counts, and its feed forked before it`;
      }
    }
  }
}
