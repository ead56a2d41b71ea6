/**
 * The few files below /etc that are made up for a room instead of taken from the machine: who its one user is, and that it
 * knows nobody else, neither people nor hosts.
 */
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { ROOM_HOME, type Mount } from "./layout.ts";

export type EtcFiles = readonly Mount[];

export const ROOM_UID = 1000;

const FILES: Readonly<Record<string, string>> = {
  passwd: `root:x:0:0:root:/nonexistent:/bin/false\nskein:x:${ROOM_UID}:${ROOM_UID}:skein:${ROOM_HOME}:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n`,
  group: `root:x:0:\nskein:x:${ROOM_UID}:\nnogroup:x:65534:\n`,
  hosts: "127.0.0.1 localhost\n::1 localhost\n127.0.0.1 skein\n",
  "resolv.conf": "# A room has no name server: what it may reach, it reaches through its proxy.\n",
  "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
  hostname: "skein\n",
};

/** Puts them in a directory of the node's own. */
export function makeEtcFiles(directory: string): EtcFiles {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return Object.entries(FILES).map(([name, text]) => {
    const from = join(directory, name);
    // A room that is made meanwhile sees the old file or the new one, never half of it.
    writeFileSync(`${from}.new`, text, { mode: 0o644 });
    renameSync(`${from}.new`, from);
    return { from, path: `/etc/${name}`, access: "read" };
  });
}
