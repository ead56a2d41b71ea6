/** Real signatures and SQLite stores for a simulated mesh, in a directory that goes with the run. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createNodeCrypto, createSigner } from "@skein/node";
import type { RealPorts } from "@skein/sim";
import { openLogStore } from "@skein/store-sqlite";

import { Failure } from "../failure.ts";

/** In memory where the system has such a place: the simulator decides what a crash loses, not this machine's disk. */
const MEMORY = "/dev/shm";

export async function withRealPorts<T>(use: (ports: RealPorts) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), "skein-sim-"));
  try {
    return await use({
      crypto: createNodeCrypto(),
      createSigner,
      openStore: (machine, fresh) => {
        const place = join(directory, machine);
        if (fresh) rmSync(place, { recursive: true, force: true });
        const opened = openLogStore({ directory: place });
        if (!opened.ok) throw new Failure(`The simulated machine ${machine} has no log: ${opened.error.message}`);
        return opened.value;
      },
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
