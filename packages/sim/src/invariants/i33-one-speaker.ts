/**
 * I33: a node speaks for an account only while its own log says that it keeps it, so that of two who took one epoch only one
 * goes on once they have heard of each other. In the end all agree on who it is.
 */
import { correctMachines } from "./i07-convergence.ts";
import { accountOf } from "../rooms.ts";
import { FLAVORS } from "../ports/chat-platform.ts";
import type { MakeChecker } from "./checker.ts";

export const oneSpeaker: MakeChecker = (world) => {
  /** `account epoch` → who acted under it. */
  const actors = new Map<string, string>();
  return {
    onSpoke: ({ name, running }, account, what) => {
      const lease = running?.node.replica.view().chat.leases.get(account);
      if (running === undefined || lease === undefined) return;
      if (lease.holder !== running.node.desk.self() || lease.released) {
        world.violate("I33", `${name} ${what} for ${account}, and its own log says that it does not keep it`);
      }
      const epoch = `${account} ${lease.epoch}`;
      const before = actors.get(epoch) ?? name;
      actors.set(epoch, name);
      if (before !== name) world.note("room: two nodes spoke under one epoch");
    },
    onEnd: () => {
      if (world.chat.rooms === undefined) return;
      for (const flavor of FLAVORS) {
        const speaking = correctMachines(world).filter(({ running }) =>
          running.chat?.states().some(({ account, state }) => account === accountOf(flavor) && state === "speaks"),
        );
        // A copy of a directory is the same member; it is put away by a person in its own time.
        const names = [...new Set(speaking.map(({ name }) => name.replace("-clone", "")))].join(", ");
        if (speaking.length === 0 || names.includes(", ")) {
          world.violate("I33", `${accountOf(flavor)} has ${speaking.length} speakers in the end: ${names}`);
        }
      }
    },
  };
};
