/** Mistakes on the way to the target branch. */
import type { Mutant } from "../mutant.ts";

const MERGING = "packages/node/src/work/merging.ts";
const LANDER = "packages/node/src/work/lander.ts";

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
    file: LANDER,
    find: '  { target: expected, cars, commit }: Train,\n): Promise<Result<"moved" | "stale", GitError>> {\n',
    replace:
      '  { target, cars, commit }: Train,\n): Promise<Result<"moved" | "stale", GitError>> {\n  const now = await repository.fetchBase(signal);\n  const expected = now.ok ? now.value : target;\n',
    why: "A push that is refused as stale is forced with the value that stands there.",
    caughtBy: ["I14", "I15"],
  },
  {
    name: "done-before-the-push",
    file: LANDER,
    find: "const pushed = await landOnce(head, train);",
    replace:
      "await writeLanded(head, train.commit, train.atSeconds * 1_000);\n    const pushed = await landOnce(head, train);",
    why: "The op is the guard against a second landing, so it is written first.",
    caughtBy: ["I13"],
  },
  {
    name: "moved-base-not-tested-again",
    file: LANDER,
    find: "const passed = isOfTree(stage.evidence) ? stage.evidence : undefined;",
    replace: 'const passed = tree !== "" ? stage.evidence : undefined;',
    why: "The gate was green, and the merge has no conflict.",
    caughtBy: ["I15"],
  },
  {
    name: "red-second-gate-lands",
    file: LANDER,
    find: '  if (verdict.value.type === "green") return "green";\n',
    replace: '  if (verdict.value.type === "green" || cars.length > 0) return "green";\n',
    why: "The second run of the gate is a formality.",
    caughtBy: ["I15"],
  },
  {
    name: "unknown-push-is-success",
    file: LANDER,
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
        find: '  const outcome = await persistently(context, "Merging", merge, ["bad-object", "no-commits"]);\n',
        replace:
          '  const outcome = await persistently(context, "Merging", merge, ["bad-object", "no-commits"]);\n  if (!outcome.ok && outcome.error.type === "no-commits") {\n    await writeLanded(context, base, atSeconds * 1_000);\n    return OVER;\n  }\n',
      },
    ],
    why: "The agent says that it succeeded, and there is nothing left to merge.",
    caughtBy: ["I13", "I16"],
  },
  {
    name: "train-lands-without-its-gate",
    file: LANDER,
    find: "  const known = context.verdicts.of(tree) ??",
    replace: '  const known = cars.length > 1 ? "green" : context.verdicts.of(tree) ??',
    why: "Each of them passed the gate.",
    caughtBy: ["I15"],
  },
  {
    name: "train-lands-as-its-last",
    file: LANDER,
    find: "return joined.ok ? { target, cars, commit: joined.value, tree, atSeconds } : undefined;",
    replace:
      "return joined.ok ? { target, cars, commit: cars.at(-1)?.commit ?? joined.value, tree, atSeconds } : undefined;",
    why: "The last merge has the tree of all.",
    caughtBy: ["I13", "I14", "I21"],
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
