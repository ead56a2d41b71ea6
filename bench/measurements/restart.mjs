// P8: how long a node takes to serve again with 100,000 ops about 10,000 items in its log, against a process that loads
// the same items as one flat Y.Doc from a file. Both from the first line of the program; the time of Node.js itself to
// start is printed too.
import { randomUUID } from "node:crypto";
import { join } from "node:path";

import { scratch, start } from "../processes.mjs";
import { MIB } from "../statistics.mjs";

const ITEMS = 10_000;

export const restart = restartOf();

function restartOf() {
  const prepared = new Map();
  return {
    name: "Restart with 10,000 items",
    picks: ["p8"],
    stacks: ["skein:100,000 ops", "yjs-file"],
    prepare: async (stack) => {
      const directory = join(scratch, randomUUID());
      const options =
        stack === "yjs-file"
          ? { stack, role: "server", directory, items: ITEMS, write: true }
          : {
              stack: "skein",
              role: "server",
              directory,
              items: ITEMS,
              opsPerItem: 10,
              frameOps: 16,
              wantedStage: "Done",
            };
      const first = await start(options);
      const where = await first.ask("call", { name: "where" });
      await first.stop();
      prepared.set(stack, { ...options, ...where, write: false });
    },
    run: async (stack) => {
      const node = await start({ ...prepared.get(stack) });
      const bootMs = await node.ask("call", { name: "bootMs" });
      const shown = await node.ask("count");
      if (shown !== ITEMS) throw new Error(`${stack} shows ${shown} of ${ITEMS} items`);
      const { rss, bytes } = await node.ask("memory");
      await node.stop();
      return {
        "boot to serving (ms)": bootMs,
        "heap and buffers (MiB)": bytes / MIB,
        "resident memory (MiB)": rss / MIB,
      };
    },
  };
}
