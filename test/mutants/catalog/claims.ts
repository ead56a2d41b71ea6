/** Mistakes with leases, and with who works on what. */
import type { Mutant } from "../mutant.ts";

const LEASE = "packages/core/src/claim/lease.ts";
const PLAN = "packages/core/src/claim/plan.ts";
const PRESENCE = "packages/node/src/presence.ts";

export const CLAIM_MUTANTS: readonly Mutant[] = [
  {
    name: "wall-clock-leases",
    file: PRESENCE,
    find: "leases.heard(idOf(opened), beatOrder(opened), monoMs);",
    replace: "leases.heard(idOf(opened), beatOrder(opened), clock.wallMs());",
    also: [
      {
        file: PRESENCE,
        find: "!isOverdue() && leases.isExpired(claim, clock.monoMs()),",
        replace: "leases.isExpired(claim, clock.wallMs()),",
      },
      { file: PRESENCE, find: "leases.met(member, clock.monoMs())", replace: "leases.met(member, clock.wallMs())" },
      {
        file: PRESENCE,
        find: "      leases.grace(now);\n      deps.onStall",
        replace: "      leases.grace(clock.wallMs());\n      deps.onStall",
      },
      {
        file: PRESENCE,
        find: "grace: () => leases.grace(clock.monoMs()),",
        replace: "grace: () => leases.grace(clock.wallMs()),",
      },
    ],
    why: "A time is a time.",
    caughtBy: ["I20"],
  },
  {
    name: "one-missed-beat-is-death",
    file: LEASE,
    find: "return nowMs - known.sinceMs > ttlMs;",
    replace: "return nowMs - known.sinceMs > ttlMs / 4;",
    why: "Survivors should take over soon.",
    caughtBy: ["I20"],
  },
  {
    name: "no-own-stall-grace",
    file: PRESENCE,
    find: "cancel !== undefined && clock.monoMs() - lastTickMs > intervalMs + STALL_TOLERANCE_MS;",
    replace: "cancel !== undefined && lastTickMs < 0;",
    also: [{ file: PRESENCE, find: "      leases.grace(now);\n      deps.onStall", replace: "      deps.onStall" }],
    why: "Whoever was not heard for a TTL is dead, also when the observer slept.",
    caughtBy: ["I20"],
  },
  {
    name: "stall-noticed-at-the-next-beat",
    file: PRESENCE,
    find: "cancel !== undefined && clock.monoMs() - lastTickMs > intervalMs + STALL_TOLERANCE_MS;",
    replace: "cancel !== undefined && lastTickMs < 0;",
    why: "The beat's timer notices a stall; but after one, the executor's timer may come first.",
    caughtBy: ["I20"],
  },
  {
    name: "no-grace-after-a-restart",
    file: LEASE,
    find: "        observations.set(holder, { counter: -1n, sinceMs: nowMs, heardMs: undefined });\n        return false;",
    replace: "        return true;",
    why: "A holder that was never heard of is not there.",
    caughtBy: ["I20"],
  },
  {
    name: "dead-holder-keeps-its-claim",
    file: PLAN,
    find: 'return isExpired(claim) ? "expired" : undefined;',
    replace: "return undefined;",
    why: "A claim is given back by whoever holds it.",
    caughtBy: ["I21"],
  },
  {
    name: "own-claim-not-resumed",
    file: PLAN,
    find: '  if (claim?.holder === self.key) return "own";\n',
    replace: "",
    why: "Whoever holds the claim is working on it; but not after a restart.",
    caughtBy: ["I21"],
  },
  {
    name: "claim-on-a-fresh-claim",
    file: "packages/node/src/work/worker.ts",
    find: '    if (item.value.best.id !== on) return err({ code: "not-legal", message: "somebody was faster" });\n',
    replace: "",
    why: "The plan has just been made, so what it saw is taken for what is.",
    caughtBy: ["I20"],
  },
];
