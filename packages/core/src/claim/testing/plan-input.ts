/** What a plan is made from besides the view and the node itself: nobody else is there, nothing runs, nothing waits, no money is asked for. */
import type { PlanInput } from "../plan.ts";

export const NOTHING_ELSE: Omit<PlanInput, "view" | "self" | "staggerMs"> = {
  others: [],
  codingFrom: 0,
  nowMs: 0,
  isExpired: () => false,
  running: new Map(),
  ready: true,
  notBefore: new Map(),
  isVerified: () => true,
  trainRoom: 4,
  witnessing: new Set(),
  qa: () => undefined,
};
