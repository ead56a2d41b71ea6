/** Mistakes on the way to the target branch. */
import type { Mutant } from "../mutant.ts";

const MERGING = "packages/node/src/work/merging.ts";

export const LANDING_MUTANTS: readonly Mutant[] = [
  {
    name: "no-trailer-check",
    file: MERGING,
    find: "const landed = landings.value.get(item.id);",
    replace: 'const landed = landings.value.get("");',
    why: "The log says that the item has not landed.",
    caughtBy: ["I14"],
  },
  {
    name: "no-compare-and-swap",
    file: MERGING,
    find: "const { base: expected, commit } = merged;",
    replace:
      "const now = await repository.fetchBase(context.signal);\n  const expected = now.ok ? now.value : merged.base;\n  const { commit } = merged;",
    why: "A push that is refused as stale is forced with the value that stands there.",
    caughtBy: ["I14", "I15"],
  },
  {
    name: "done-before-the-push",
    file: MERGING,
    find: 'const pushed = await persistently(context, "Landing", () => landOnce(context, merged));',
    replace:
      'await writeLanded(context, merged.commit, merged.atSeconds * 1_000);\n    const pushed = await persistently(context, "Landing", () => landOnce(context, merged));',
    why: "The op is the guard against a second landing, so it is written first.",
    caughtBy: ["I13"],
  },
  {
    name: "moved-base-not-tested-again",
    file: MERGING,
    find: 'if (stage.stage === "Merge" && stage.evidence.tree === merged.tree) return true;',
    replace: 'if (stage.stage === "Merge") return true;',
    why: "The gate was green, and the merge has no conflict.",
    caughtBy: ["I15"],
  },
  {
    name: "red-second-gate-lands",
    file: MERGING,
    find: '  if (verdict.value.type === "green") return true;\n',
    replace: "  return true;\n",
    why: "The second run of the gate is a formality.",
    caughtBy: ["I15"],
  },
  {
    name: "unknown-push-is-success",
    file: MERGING,
    find: 'if (pushed.error.type !== "unknown-outcome") return pushed;',
    replace: 'if (pushed.error.type === "unknown-outcome") return ok("moved");\n  return pushed;',
    why: "The answer was lost, and the push mostly has arrived.",
    caughtBy: ["I13"],
  },
  {
    name: "zero-commits-count-as-done",
    file: "packages/node/src/work/coding.ts",
    find: "if (collected.value.commitsAhead === 0) {",
    replace: "if (collected.value.commitsAhead < 0) {",
    also: [
      { file: "packages/core/src/op/bodies.ts", find: "commitsAhead: integer(1,", replace: "commitsAhead: integer(0," },
      {
        file: MERGING,
        find: '  const merged = await persistently(context, "Merging", merge, ["bad-object", "no-commits"]);\n',
        replace:
          '  const merged = await persistently(context, "Merging", merge, ["bad-object", "no-commits"]);\n  if (!merged.ok && merged.error.type === "no-commits") {\n    await writeLanded(context, base, atSeconds * 1_000);\n    return undefined;\n  }\n',
      },
    ],
    why: "The agent says that it succeeded, and there is nothing left to merge.",
    caughtBy: ["I13", "I16"],
  },
  {
    name: "landing-not-observed",
    file: "packages/node/src/work/landing-observer.ts",
    find: "    await writeMissing(deps, open, landings.value, signal);\n",
    replace: "",
    why: "Whoever pushes writes the op; but it may die in between.",
    caughtBy: ["I13", "I21"],
  },
];
