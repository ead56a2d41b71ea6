// What the disk under this run charges for making 4 KiB durable, the least that any acknowledged commit pays.
import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";

import { scratch } from "../processes.mjs";
import { ms, now, quantile } from "../statistics.mjs";

export const fsync = {
  name: "One fsync of 4 KiB on this disk",
  picks: ["p1", "fsync"],
  stacks: ["disk"],
  run: () => {
    const file = openSync(join(scratch, "fsync"), "a");
    const page = Buffer.alloc(4_096);
    const took = Array.from({ length: 200 }, () => {
      writeSync(file, page);
      const at = now();
      fdatasyncSync(file);
      return ms(now() - at);
    });
    closeSync(file);
    return { "p50 (ms)": quantile(took, 0.5), "p99 (ms)": quantile(took, 0.99) };
  },
};
