/** The sandboxes of one node: the drivers there are, and what `node.yaml` gives to them on this machine. */
import { realpathSync, rmSync } from "node:fs";
import { join } from "node:path";

import { type SandboxKind, type SandboxOwnConfig } from "@skein/config";
import { ok, type Result } from "@skein/core";
import { type Rooms, type Sandboxes, systemClock } from "@skein/node";
import { createBwrap, createPodman, createSandboxes, makeEtcFiles } from "@skein/sandbox";

import { readNodeFile } from "./node-file.ts";

export function openSandboxes(directory: string): Sandboxes & Rooms {
  const secret = realpathSync(directory);
  const places = join(secret, "rooms");
  // What rooms of an earlier life left.
  rmSync(places, { recursive: true, force: true });
  return createSandboxes({
    drivers: [createBwrap(secret), createPodman({ places, secret })],
    clock: systemClock,
    etc: makeEtcFiles(join(places, "etc")),
    places,
    secret,
    own: createOwn(directory),
  });
}

/** Read anew for every room. A version that cannot be read changes nothing. */
function createOwn(directory: string): () => Result<SandboxOwnConfig, string> {
  let last: SandboxOwnConfig | undefined;
  return () => {
    const read = readNodeFile(directory);
    if (!read.ok) return last === undefined ? read : ok(last);
    last = read.value.sandbox;
    return ok(last);
  };
}

export interface SandboxHere {
  readonly kind: SandboxKind;
  /** What shuts agents in; or why nothing does. */
  readonly because: string;
}

/** The strongest sandbox that works on this machine now. */
export async function sandboxHere(): Promise<SandboxHere> {
  // No data directory is there yet that could be seen.
  const available = await createBwrap("/nonexistent").available();
  return available.ok ? { kind: "bwrap", because: available.value } : { kind: "none", because: available.error };
}
