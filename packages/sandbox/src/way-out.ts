/** The way out of one room: a proxy on a socket that is mounted into it, and a first program that programs find it by. */
import { existsSync, mkdirSync, mkdtempSync, realpathSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { err, ok, type Result } from "@skein/core";

import type { Command } from "./driver.ts";
import { type Egress, isOpen } from "./egress.ts";
import type { Mount } from "./layout.ts";
import { openProxy } from "./proxy.ts";

export interface WayOut {
  readonly mounts: readonly Mount[];
  /** The command that starts this one with the way out open. */
  readonly through: (argv: Command["argv"]) => Command["argv"];
  close(): Promise<void>;
}

export interface WayOutOptions {
  readonly egress: Egress;
  /** A directory of the node's own. */
  readonly places: string;
  readonly onRefused: (message: string) => void;
}

const NONE: WayOut = { mounts: [], through: (argv) => argv, close: () => Promise.resolve() };

const INIT = fileURLToPath(new URL("../bin/room-init.mjs", import.meta.url));
const INSIDE = { socket: "/run/skein/way-out.sock", init: "/run/skein/room-init.mjs" };
/** The kernel keeps the path of a socket in 108 bytes. */
const PATH_BYTES = 100;
const LONGEST_NAME = "/room-XXXXXX/way-out.sock";

export async function openWayOut({ egress, places, onRefused }: WayOutOptions): Promise<Result<WayOut, string>> {
  if (!isOpen(egress)) return ok(NONE);
  const made = makePlace(places);
  if (!made.ok) return made;
  const socket = join(made.value, "way-out.sock");
  const clear = (): Promise<void> => rm(made.value, { recursive: true, force: true });
  const proxy = await openProxy({ socket, egress, onRefused });
  if (!proxy.ok) {
    await clear();
    return proxy;
  }
  return ok({
    mounts: [
      { from: socket, path: INSIDE.socket, access: "read" },
      { from: INIT, path: INSIDE.init, access: "read" },
    ],
    through: (argv) => [realpathSync(process.execPath), INSIDE.init, INSIDE.socket, ...argv],
    close: async () => {
      await proxy.value.close();
      await clear();
    },
  });
}

function makePlace(places: string): Result<string, string> {
  const fits = Buffer.byteLength(places) + LONGEST_NAME.length <= PATH_BYTES;
  try {
    if (fits && !existsSync(places)) mkdirSync(places, { recursive: true, mode: 0o700 });
    return ok(mkdtempSync(join(fits ? places : realpathSync(tmpdir()), fits ? "room-" : "skein-room-")));
  } catch (cause) {
    return err(`The sandbox's way out cannot be made: ${cause instanceof Error ? cause.message : String(cause)}.`);
  }
}
