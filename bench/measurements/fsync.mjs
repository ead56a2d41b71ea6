// What the disk under this run charges for making 4 KiB durable, the least that any acknowledged commit pays.
import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";

import { scratch } from "../processes.mjs";
import { ms, now } from "../statistics.mjs";

const PAGE = Buffer.alloc(4_096);

export function openFsync() {
  const file = openSync(join(scratch, "fsync"), "a");
  return {
    once: () => {
      writeSync(file, PAGE);
      const at = now();
      fdatasyncSync(file);
      return ms(now() - at);
    },
    close: () => closeSync(file),
  };
}
