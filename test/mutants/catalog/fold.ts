/** Mistakes in what ops mean. */
import type { Mutant } from "../mutant.ts";

const FOLD = "packages/core/src/fold/";

const withoutAssertion = {
  file: `${FOLD}transition.ts`,
  find: '  assert(compareState(next, state) > 0, "an accepted event makes the item\'s state greater");\n',
  replace: "",
};

export const FOLD_MUTANTS: readonly Mutant[] = [
  {
    name: "last-writer-wins-stage",
    file: `${FOLD}item-state.ts`,
    find: "return compareState(a.state, b.state) || compareStamp(b, a);",
    replace: "return compareStamp(a, b);",
    why: "The newest op looks like the one that counts.",
    caughtBy: ["I12", "I13"],
  },
  {
    name: "arrival-order-breaks-ties",
    file: `${FOLD}item-state.ts`,
    find: "return compareState(a.state, b.state) || compareStamp(b, a);",
    replace: "return compareState(a.state, b.state);",
    why: "Two claims at once: whoever was here first keeps it.",
    caughtBy: ["I6"],
  },
  {
    name: "landing-of-an-archived-item-refused",
    file: `${FOLD}machine.ts`,
    find: '"item.restore": "Backlog", "item.land": "Done"',
    replace: '"item.restore": "Backlog"',
    why: "Nobody lands what was archived; but a push may have been under way.",
    caughtBy: ["I13"],
  },
  {
    name: "anybody-submits",
    file: `${FOLD}transition.ts`,
    find: "if (state.claim?.holder === event.member) return undefined;",
    replace: "if (state.claim !== null) return undefined;",
    why: "The executor checks its claim before it writes, so the fold does not.",
    caughtBy: ["I24"],
  },
  {
    name: "older-epoch-accepted",
    file: `${FOLD}transition.ts`,
    find: "if (item === event.item && Number(epoch) <= state.epoch) return undefined;",
    replace: "if (item === event.item) return undefined;",
    why: "The branch names the item, and the number in it looks like decoration.",
    caughtBy: ["I19"],
  },
  {
    name: "claim-keeps-the-epoch",
    file: `${FOLD}transition.ts`,
    find: "return { ...raised(state), claim: claimOf(state, event, body.ttl) };",
    replace: "return { ...state, claim: claimOf(state, event, body.ttl) };",
    also: [withoutAssertion],
    why: "A take-over is the same work by another node.",
    caughtBy: ["I19"],
  },
  {
    name: "restore-keeps-the-generation",
    file: `${FOLD}transition.ts`,
    find: "generation: state.generation + 1,",
    replace: "generation: state.generation,",
    also: [withoutAssertion],
    why: "The item is in the Backlog again, and that looks like all there is to it.",
    caughtBy: ["I12", "I17"],
  },
  {
    name: "roles-not-checked-in-the-fold",
    file: `${FOLD}transition.ts`,
    find: "if (!roleAtLeast(event.role, ROLE_NEEDED[kind])) {",
    replace: 'if (event.role === "observer") {',
    why: "Commands are checked where they are given.",
    caughtBy: ["I24"],
  },
  {
    name: "cut-ignored",
    file: "packages/core/src/member/membership.ts",
    find: "  if (!isWithinCut(key.cut, op) || !isWithinCut(member.cut, op)) return undefined;\n",
    replace: "",
    why: "The links of a removed member are closed, so nothing of it seems to come any more.",
    caughtBy: ["I6", "I24"],
  },
  {
    name: "quarantine-off",
    file: `${FOLD}fold.ts`,
    find: "return fork !== undefined && op.seq >= fork;",
    replace: "return false;",
    why: "The alarm is shown, and both histories go on counting.",
    caughtBy: ["I2", "I6"],
  },
  {
    name: "register-by-arrival",
    file: `${FOLD}register.ts`,
    find: "if (compareWriting(stamp, registers[write.field]) <= 0) return registers;",
    replace: "if (stamp.lamport === 0) return registers;",
    why: "The last write that arrives looks like the last write.",
    caughtBy: ["I6"],
  },
  {
    name: "tombstone-loses-to-newer-ops",
    file: `${FOLD}history.ts`,
    find: "    history.deleted = true;\n",
    replace: "    history.deleted = op.lamport > (history.best?.lamport ?? 0);\n",
    why: "Work that went on after the deletion was not meant by it.",
    caughtBy: ["I6"],
  },
];
