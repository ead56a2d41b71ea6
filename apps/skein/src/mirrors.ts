/** The mirrors of a data directory: where they are, and what a node needs to reach their remotes. */
import { createHash } from "node:crypto";
import { homedir } from "node:os";
import { join } from "node:path";

import { ok } from "@skein/core";
import { openRepository } from "@skein/git";
import type { OpenRepository, Repository } from "@skein/node";

/** One mirror per remote and branch, opened once, below `places`: attempts may still run in it when the project's text changes. */
export function createMirrors(places: string): OpenRepository {
  const open = new Map<string, Repository>();
  return async ({ remote, base }, signal) => {
    const name = createHash("sha256").update(`${remote}\n${base}`).digest("hex").slice(0, 16);
    const known = open.get(name);
    if (known !== undefined) return ok(known);
    const directory = join(places, name);
    const opened = await openRepository({ directory, remote, base, access: remoteAccess() }, signal);
    if (opened.ok) open.set(name, opened.value);
    return opened;
  };
}

/** The node's own credentials for fetching and landing; attempts never see them. */
function remoteAccess(): { home: string; sshAuthSock?: string; env: NodeJS.ProcessEnv } {
  const sshAuthSock = process.env["SSH_AUTH_SOCK"];
  return { home: homedir(), env: process.env, ...(sshAuthSock === undefined ? {} : { sshAuthSock }) };
}
