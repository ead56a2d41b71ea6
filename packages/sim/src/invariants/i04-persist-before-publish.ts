/** I4: a frame reaches a socket only after the sync of a commit that holds it. */
import { frameKeys } from "../ports/records.ts";
import type { MakeChecker } from "./checker.ts";

export const persistBeforePublish: MakeChecker = (world) => ({
  onPublish: ({ name, disk }, records) => {
    for (const record of records) {
      if (disk.holds(record)) continue;
      const [key = ""] = frameKeys(record, world.crypto);
      world.violate("I4", `${name} sends the frame ${nameOf(key)} that its disk does not hold`);
    }
  },
});

const nameOf = (key: string): string => Buffer.from(key, "latin1").toString("hex").slice(0, 12);
