/** The lockfile names every optional package of every platform; `npm ci` refuses it otherwise. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

interface Lock {
  readonly packages: Readonly<Record<string, { readonly optionalDependencies?: Readonly<Record<string, string>> }>>;
}

test.each(["", "bench/peers/"])(
  "no optional package is missing in %s (scripts/complete-lockfile.mjs adds them)",
  (folder) => {
    const lock = JSON.parse(
      readFileSync(join(import.meta.dirname, "../..", folder, "package-lock.json"), "utf8"),
    ) as Lock;
    const wanted = Object.values(lock.packages).flatMap((one) => Object.entries(one.optionalDependencies ?? {}));
    const pinned = wanted.filter(([, version]) => /^\d+\.\d+\.\d+/.test(version)).map(([name]) => name);
    expect(pinned.length).toBeGreaterThan(0);
    expect(pinned.filter((name) => lock.packages[`node_modules/${name}`] === undefined)).toEqual([]);
  },
);
