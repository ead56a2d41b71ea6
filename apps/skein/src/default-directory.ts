/** Where a node's data directory is when nobody says, and where a user's nodes leave word for each other. */
import { createHash } from "node:crypto";
import { existsSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";

/** `<data home>/skein/<project>-<hash of its path>`: outside the repository, so that no clean-up there can take it away. */
export function defaultDataDirectory(from: string): string {
  const root = gitRootOf(from);
  if (root === undefined) return join(dataHome(), "default");
  const hash = createHash("sha256").update(root).digest("hex").slice(0, 8);
  return join(dataHome(), `${basename(root)}-${hash}`);
}

/** No data directory has this name: those of repositories end in a hash. */
export const nearPagesDirectory = (): string => join(dataHome(), "pages");

const dataHome = (): string => join(process.env["XDG_DATA_HOME"] ?? join(homedir(), ".local", "share"), "skein");

function gitRootOf(from: string): string | undefined {
  for (let path = realpathSync(from); ; path = dirname(path)) {
    if (existsSync(join(path, ".git"))) return path;
    if (dirname(path) === path) return undefined;
  }
}
