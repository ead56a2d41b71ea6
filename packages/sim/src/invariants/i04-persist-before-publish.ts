/** I4: a frame reaches a socket only after the sync of a commit that holds it. */
import { frameKey } from "../ports/disk.ts";
import type { MakeChecker } from "./checker.ts";

export const persistBeforePublish: MakeChecker = (world) => ({
  onPublish: ({ name, disk }, frames) => {
    for (const frame of frames) {
      if (!disk.holds(frame))
        world.violate("I4", `${name} sends the frame ${nameOf(frame)} that its disk does not hold`);
    }
  },
});

const nameOf = (frame: Uint8Array): string => Buffer.from(frameKey(frame), "latin1").toString("hex").slice(0, 12);
