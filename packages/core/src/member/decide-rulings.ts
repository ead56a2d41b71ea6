/**
 * Decides which removals and rotations are in force, whatever order the ops came in.
 *
 * A removal, or the rotation of a key, takes the effect of ops beyond its cut, and these may be removals and rotations too:
 * owners may remove each other at once, in a pair or in a ring. So it is decided, one after the other and for good, which
 * of them are in force:
 *
 * 1. Under those in force, a pass (judge.ts) tells which others it would accept: the candidates.
 * 2. A candidate that stays accepted with all candidates in force is undisputed, and comes into force; of several removals
 *    of one member the first in the total order. When all are disputed, the first of them does.
 * 3. One whose coming into force would undo one that is in force already, or itself, is refused instead.
 *
 * What is in force is never taken back and always accepted, so the end is a fixed point: judged under the cuts that were
 * found, the same ops are in force. There are at most as many as members and keys, and REFUSED_MAX bounds the others.
 */
import {
  type CuttingOp,
  type Draft,
  isInForce,
  judge,
  type JudgeContext,
  type MeshOp,
  noRulings,
  type Ruling,
  type Rulings,
} from "./judge.ts";
import type { Cut } from "./membership.ts";

/** More contradictions than this are nobody's mistake: what is undecided then stays out of force. */
const REFUSED_MAX = 64;

interface Ruled {
  readonly rulings: Rulings;
  /** The pass under these rulings. It accepts all that is in force. */
  readonly draft: Draft;
}

export interface Decided extends Ruled {
  /** Something was a candidate and did not come into force, or was disputed and did. */
  readonly contested: boolean;
}

/** From all ops that may have an effect, in the total order. */
export function decide(ordered: readonly MeshOp[], context: JudgeContext): Decided {
  let ruled = ruledBy(noRulings(), ordered, context);
  let contested = false;
  for (;;) {
    const { rulings, draft } = ruled;
    const candidates = [...draft.cutting.values()].filter((one) => !isInForce(rulings, one));
    const [first] = candidates;
    if (first === undefined) return { ...ruled, contested };
    if (rulings.refused.size >= REFUSED_MAX) {
      return { ...ruledBy({ ...rulings, closed: true }, ordered, context), contested: true };
    }
    const all = ruledBy(withEnforced(rulings, candidates), ordered, context);
    const undisputed = firstOfEachTarget(candidates.filter((one) => all.draft.cutting.has(one.op)));
    if (undisputed.length === candidates.length && acceptsAll(all)) {
      ruled = all;
      continue;
    }
    contested = true;
    ruled = settle(ruled, undisputed.length > 0 ? undisputed : [first], ordered, context);
  }
}

const ruledBy = (rulings: Rulings, ordered: readonly MeshOp[], context: JudgeContext): Ruled => ({
  rulings,
  draft: judge(ordered, rulings, context),
});

/** Brings these into force, or else the first of them, or else refuses that one. */
function settle(ruled: Ruled, next: readonly CuttingOp[], ordered: readonly MeshOp[], context: JudgeContext): Ruled {
  const first = next.slice(0, 1);
  for (const chosen of next.length > 1 ? [next, first] : [first]) {
    const tried = ruledBy(withEnforced(ruled.rulings, chosen), ordered, context);
    if (acceptsAll(tried)) return tried;
  }
  const refused = new Set([...ruled.rulings.refused, ...first.map(({ op }) => op)]);
  return ruledBy({ ...ruled.rulings, refused }, ordered, context);
}

const firstOfEachTarget = (cutting: readonly CuttingOp[]): readonly CuttingOp[] =>
  cutting.filter(
    (one, at) => cutting.findIndex(({ type, target }) => type === one.type && target === one.target) === at,
  );

export function enforce(rulings: Rulings, cutting: Ruling): void {
  (cutting.type === "removal" ? rulings.removals : rulings.rotations).set(cutting.target, cutting);
}

/** Where several have one target, none of them is the one in force, and the tightest of their cuts is. */
function withEnforced(rulings: Rulings, more: readonly CuttingOp[]): Rulings {
  const all: Rulings = {
    ...rulings,
    removals: new Map(rulings.removals),
    rotations: new Map(rulings.rotations),
  };
  for (const one of more) {
    const rival = (one.type === "removal" ? all.removals : all.rotations).get(one.target);
    enforce(all, rival === undefined ? one : { ...one, op: null, cut: tightest(rival.cut, one.cut) });
  }
  return all;
}

const tightest = (a: Cut, b: Cut): Cut =>
  new Map(
    [...a].flatMap(([incarnation, seq]) => {
      const other = b.get(incarnation);
      return other === undefined ? [] : [[incarnation, Math.min(seq, other)]];
    }),
  );

const acceptsAll = ({ draft, rulings: { removals, rotations } }: Ruled): boolean =>
  [...removals.values(), ...rotations.values()].every(({ op }) => op !== null && draft.cutting.has(op));
