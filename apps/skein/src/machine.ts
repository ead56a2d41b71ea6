/** How busy this machine is, as nodes tell each other to find out who had better take an item. */
import { statfsSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";

import type { Clock, MachineState } from "@skein/node";

/** Asked for with every look at the board; a disk that is far away shall not be asked as often. */
const KEPT_MS = 5_000;
const LOW_DISK_BYTES = 1024 ** 3;

/** `directory` is on the disk that work is done on. */
export function createMachine(directory: string, clock: Pick<Clock, "monoMs">): () => MachineState {
  let known: MachineState | undefined;
  let askedMs = 0;
  return () => {
    const nowMs = clock.monoMs();
    if (known === undefined || nowMs - askedMs >= KEPT_MS) {
      known = { load: loadPerCore(), lowDisk: isLow(directory) };
      askedMs = nowMs;
    }
    return known;
  };
}

const loadPerCore = (): number => Math.round((100 * (loadavg()[0] ?? 0)) / Math.max(1, availableParallelism()));

function isLow(directory: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize < LOW_DISK_BYTES;
  } catch {
    // A disk that does not answer is no place to work.
    return true;
  }
}
