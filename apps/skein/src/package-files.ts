/**
 * What of this installation a program of ours has to read: its own directory and the packages that it imports, with theirs.
 * A sandbox holds that, and not the whole checkout or installation around it.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { z } from "zod";

const manifest = z.object({
  dependencies: z.record(z.string(), z.string()).default({}),
  optionalDependencies: z.record(z.string(), z.string()).default({}),
});

/** Directories of these packages and of all that they depend on, as a program in `from` finds them. */
export function packagesFor(names: readonly string[], from: string): readonly string[] {
  const found = new Set<string>();
  const add = (name: string, from: string): void => {
    const directory = findPackage(name, from);
    if (directory === undefined || found.has(directory)) return;
    found.add(directory);
    const { dependencies, optionalDependencies } = manifest.parse(
      JSON.parse(readFileSync(join(directory, "package.json"), "utf8")),
    );
    for (const next of Object.keys({ ...dependencies, ...optionalDependencies })) add(next, directory);
  };
  for (const name of names) add(name, from);
  return [...found];
}

/** Optional ones may be missing. */
function findPackage(name: string, from: string): string | undefined {
  for (let place = from; ; place = dirname(place)) {
    const directory = join(place, "node_modules", name);
    if (existsSync(join(directory, "package.json"))) return directory;
    if (dirname(place) === place) return undefined;
  }
}
