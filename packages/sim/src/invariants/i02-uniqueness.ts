/** I2: one place of a feed holds one op, on all nodes together. */
import { openFrame, toHex } from "@skein/core";

import type { MakeChecker } from "./checker.ts";
import { correctMachines } from "./i07-convergence.ts";
import { frameKey } from "../ports/disk.ts";

export const uniqueness: MakeChecker = (world) => ({
  onEnd: () => {
    const seen = new Set<string>();
    const ops = new Map<string, string>();
    for (const { name, disk } of correctMachines(world)) {
      for (const { bytes } of disk.frames()) {
        // The same frame on all disks is looked at once.
        const key = frameKey(bytes);
        if (seen.has(key)) continue;
        seen.add(key);
        const opened = openFrame(bytes, world.crypto);
        if (!opened.ok) continue;
        const { author, incarnation, firstSeq, opIds } = opened.value.header;
        for (const [index, opId] of opIds.entries()) {
          const place = `${toHex(author)}/${toHex(incarnation)}/${firstSeq + index}`;
          const [id, known] = [toHex(opId), ops.get(place)];
          if (known !== undefined && known !== id) world.violate("I2", `${name} has another op at ${place}`);
          ops.set(place, id);
        }
      }
    }
  },
});
