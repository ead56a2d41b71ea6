/** Mistakes with attempts that nobody watches: what counts, what they leave behind, and who pays for it. */
import type { Mutant } from "../mutant.ts";

const CODING = "packages/node/src/work/coding.ts";

export const NIGHT_MUTANTS: readonly Mutant[] = [
  {
    name: "rate-limit-is-a-failed-attempt",
    file: CODING,
    find: 'reason: "infrastructure", note: cutOff(agent)',
    replace: 'reason: "agent-failed", note: cutOff(agent)',
    night: true,
    why: "The agent ended, and its story is not done.",
    caughtBy: ["I34"],
  },
  {
    name: "clone-not-removed",
    file: CODING,
    find: "    await project.repository.remove(workspace.value.directory);\n",
    replace: "",
    night: true,
    why: "Somebody may want to look at what the agent did.",
    caughtBy: ["I36"],
  },
  {
    name: "gate-directory-not-removed",
    file: "packages/node/src/work/gate.ts",
    find: "    await repository.remove(opened.value);\n",
    replace: "",
    night: true,
    why: "The next gate of the same commit could use it.",
    caughtBy: ["I36"],
  },
  {
    name: "set-aside-not-counted",
    file: "packages/core/src/view/ledger.ts",
    find: "microUsdOf(spend) + spend.reserved;",
    replace: "microUsdOf(spend);",
    night: true,
    why: "Money is gone when it is spent.",
    caughtBy: ["I35"],
  },
  {
    name: "money-of-a-lost-claim-stays-aside",
    file: "packages/node/src/work/executions.ts",
    find: "  if (history !== undefined) await returnUnused(context, spendsOf(history));\n",
    replace: "",
    night: true,
    why: "The meter gives back what is left; but of an agent that never ran there is none.",
    caughtBy: ["I35"],
  },
  {
    name: "short-for-the-work-of-others",
    file: "packages/core/src/claim/plan.ts",
    find: "  const why = whyTake(state.claim, input);\n",
    replace:
      '  if (state.stage.stage === "Coding" && input.purse?.offer(item).ok === false) return undefined;\n  const why = whyTake(state.claim, input);\n',
    night: true,
    why: "What cannot be paid for need not be looked at any further.",
    caughtBy: ["I35"],
  },
];
