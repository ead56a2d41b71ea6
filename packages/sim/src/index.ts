/** The simulator. `runSeed` keeps no state, so that any number of variants of the core can be run side by side. */
export { type Checker, type MakeChecker } from "./invariants/checker.ts";
export { FAULTS } from "./faults/index.ts";
export { minimise, type Minimised, replayLine } from "./minimise.ts";
export type { NightOptions, RealPorts, SeedOptions, SeedReport } from "./options.ts";
export { BEHAVIORS, type Behavior, drawStories, goalOf, notEnded, RETRIES, type Story } from "./night/plan.ts";
export { runSeed } from "./simulation.ts";
export { addCounts, SOMETIMES, type SometimesCounts, type SometimesName } from "./sometimes.ts";
export type { InvariantId, Violation } from "./world.ts";
