/** All mutants. What no invariant can tell from the product is not among them; docs/simulation.md says what and why. */
import { CLAIM_MUTANTS } from "./catalog/claims.ts";
import { FOLD_MUTANTS } from "./catalog/fold.ts";
import { LANDING_MUTANTS } from "./catalog/landing.ts";
import { LOG_MUTANTS } from "./catalog/log.ts";
import { NIGHT_MUTANTS } from "./catalog/nights.ts";
import { ROOM_MUTANTS } from "./catalog/rooms.ts";
import type { Mutant } from "./mutant.ts";

export const MUTANTS: readonly Mutant[] = [
  ...LOG_MUTANTS,
  ...FOLD_MUTANTS,
  ...CLAIM_MUTANTS,
  ...LANDING_MUTANTS,
  ...ROOM_MUTANTS,
  ...NIGHT_MUTANTS,
];
