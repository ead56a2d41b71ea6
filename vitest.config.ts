import { availableParallelism } from "node:os";

import { defineConfig } from "vitest/config";

// Unit tests run from source (the `@skein/source` condition); everything in test/ that starts `skein` needs the build.
const resolve = { conditions: ["@skein/source"] };
const ssr = { resolve };

export default defineConfig({
  test: {
    // Most of what runs waits: for a process, a lease or a disk. Vitest alone would keep one of two cores for itself.
    maxWorkers: Math.max(3, availableParallelism() - 1),
    projects: [
      {
        resolve,
        ssr,
        test: {
          name: "unit",
          include: ["packages/*/src/**/*.test.ts", "apps/*/src/**/*.test.ts"],
          // A busy machine is no failure.
          testTimeout: 30_000,
          // Half of the time was loading the same modules again for every file. What a test changes, it takes back.
          isolate: false,
        },
      },
      { resolve, ssr, test: { name: "tidy", include: ["test/tidy/**/*.test.ts"] } },
      { resolve, ssr, test: { name: "regressions", include: ["test/regressions/**/*.test.ts"] } },
      {
        resolve,
        ssr,
        test: { name: "property", include: ["test/property/**/*.test.ts"], testTimeout: 120_000 },
      },
      {
        resolve,
        ssr,
        test: {
          name: "integration",
          include: ["test/integration/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      // What takes long and shows what shorter tests and the simulator show as well; `npm run nightly`.
      {
        resolve,
        ssr,
        test: {
          name: "nightly",
          include: ["test/nightly/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        resolve,
        ssr,
        test: { name: "e2e", include: ["test/e2e/**/*.test.ts"], testTimeout: 180_000, hookTimeout: 60_000 },
      },
      {
        resolve,
        ssr,
        test: {
          name: "hostile",
          include: ["test/hostile/**/*.test.ts"],
          testTimeout: 180_000,
          hookTimeout: 60_000,
          // What fills processors, memory and process tables would disturb whatever else runs: after everything, one by one.
          sequence: { groupOrder: 1 },
          maxWorkers: 1,
        },
      },
    ],
  },
});
