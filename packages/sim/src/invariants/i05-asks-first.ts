/**
 * I5: a program that finds ops of its own on its disk goes on with that feed only after a peer has named the feed's end:
 * the disk may be an older one. It waits, or takes an incarnation that is empty everywhere.
 */
import { decodeMessage, isPack, LIMITS, toHex } from "@skein/core";

import type { Life } from "../kernel/life.ts";
import { frameKey, frameKeys, headersIn } from "../ports/records.ts";
import type { Machine, World } from "../world.ts";
import type { MakeChecker } from "./checker.ts";

export const asksFirst: MakeChecker = (world) => {
  const told = new WeakSet<Life>();
  /** What is on the wire was written before: a program that stores it now has it from somebody else. */
  const published = new Set<string>();
  const feedsAtStart = new WeakMap<Life, ReadonlySet<string>>();
  return {
    onPublish: (_machine, records) => {
      for (const record of records) for (const key of frameKeys(record, world.crypto)) published.add(key);
    },
    onDelivered: (_from, to, bytes) => {
      if (!told.has(to) && namesOwnEnd(world, to, bytes)) told.add(to);
    },
    onStored: (machine, frames) => {
      const life = machine.running?.life;
      if (life === undefined || told.has(life)) return;
      // Nobody else could know more.
      if ((machine.running?.node.replica.view().membership.members.size ?? 0) < 2) return void told.add(life);
      const [first] = frames;
      const old = feedsAtStart.get(life) ?? ownFeeds(world, machine, first?.position ?? 1);
      feedsAtStart.set(life, old);
      // A program writes frames of its own one by one; packs are what others had.
      const written = frames.filter(({ bytes }) => !isPack(bytes) && !published.has(frameKey(bytes)));
      const added = written.flatMap(({ bytes }) => feedsIn(world, machine, bytes));
      const feed = added.find((one) => old.has(one));
      if (feed !== undefined) world.violate("I5", `${machine.name} goes on with ${feed} before a peer named its end`);
      return undefined;
    },
  };
};

/** Do these heads name a feed of the program's own at least as far as it goes on its disk? */
function namesOwnEnd(world: World, to: Life, bytes: Uint8Array): boolean {
  const machine = world.machines.find(({ running }) => running?.life === to);
  const message = decodeMessage(bytes, LIMITS.messageBytes);
  if (machine?.running === undefined || !message.ok || message.value.type !== "heads") return false;
  const ours = machine.running.node.replica.heads();
  return [...message.value.heads].some(
    ([feed, { author, seq }]) => author === machine.key && seq >= (ours.get(feed)?.seq ?? Number.POSITIVE_INFINITY),
  );
}

function ownFeeds(world: World, machine: Machine, before: number): ReadonlySet<string> {
  const records = machine.disk.frames().filter(({ position }) => position < before);
  return new Set(records.flatMap(({ bytes }) => feedsIn(world, machine, bytes)));
}

/** Without those of others. */
const feedsIn = (world: World, { key }: Machine, record: Uint8Array): readonly string[] =>
  headersIn(record, world.crypto).flatMap(({ author, incarnation }) =>
    toHex(author) === key ? [toHex(incarnation)] : [],
  );
