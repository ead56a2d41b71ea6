/** The git repository the person stands in, if any. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

export function gitRootHere(): string | undefined {
  for (let path = process.cwd(); ; path = dirname(path)) {
    if (existsSync(join(path, ".git"))) return path;
    if (dirname(path) === path) return undefined;
  }
}
