/**
 * The membership as a pure function of the set of its ops, whatever order they came in.
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
import type { Crypto } from "../op/crypto.ts";
import {
  compareMeshOps,
  type CuttingOp,
  type Draft,
  isCutting,
  isInForce,
  judge,
  type JudgeContext,
  judgeOne,
  type MeshOp,
  newDraft,
  noRulings,
  type Ruling,
  type Rulings,
} from "./judge.ts";
import { type Cut, isWithinCut, keysOf, type Membership } from "./membership.ts";

export interface MembershipFold {
  /** As of the last op added. It may change with the next one. */
  readonly membership: Membership;
  /** Many at once are judged once. */
  add(ops: readonly MeshOp[]): void;
  /** Takes ops back, as if they had never come. False when there are none. */
  remove(isTaken: (op: MeshOp) => boolean): boolean;
}

/** More contradictions than this are nobody's mistake: what is undecided then stays out of force. */
const REFUSED_MAX = 64;

export function createMembershipFold(mesh: Uint8Array, crypto: Crypto): MembershipFold {
  const context: JudgeContext = { mesh, crypto, proofs: new Map() };
  let ordered: MeshOp[] = [];
  let decided: Decided = { rulings: noRulings(), draft: newDraft(), contested: false };

  /** Nothing that came before the op is judged differently because of it, so it is judged alone. */
  const append = (op: MeshOp): boolean => {
    const { rulings, draft, contested } = decided;
    if (isCutting(op) && contested) return false;
    judgeOne(draft, op, rulings, context);
    if (!isCutting(op)) return true;
    const cutting = draft.cutting.get(op.id);
    if (cutting === undefined || takesAnything(draft, cutting, ordered)) return false;
    enforce(rulings, cutting);
    return true;
  };

  return {
    get membership(): Membership {
      return decided.draft;
    },
    add: (ops) => {
      const last = ordered.at(-1);
      const [first, ...more] = ops;
      const isLast = first !== undefined && (last === undefined || compareMeshOps(last, first) < 0);
      ordered.push(...ops);
      if (isLast && more.length === 0 && append(first)) return;
      if (!isLast || more.length > 0) ordered = ordered.toSorted(compareMeshOps);
      decided = decide(ordered, context);
    },
    remove: (isTaken) => {
      const kept = ordered.filter((op) => !isTaken(op));
      if (kept.length === ordered.length) return false;
      ordered = kept;
      decided = decide(ordered, context);
      return true;
    },
  };
}

/** Of a set of ops at once. */
export function foldMembership(ops: readonly MeshOp[], mesh: Uint8Array, crypto: Crypto): Membership {
  return decide(ops.toSorted(compareMeshOps), { mesh, crypto, proofs: new Map() }).draft;
}

interface Ruled {
  readonly rulings: Rulings;
  /** The pass under these rulings. It accepts all that is in force. */
  readonly draft: Draft;
}

interface Decided extends Ruled {
  /** Something was a candidate and did not come into force, or was disputed and did. */
  readonly contested: boolean;
}

function decide(ordered: readonly MeshOp[], context: JudgeContext): Decided {
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

function enforce(rulings: Rulings, cutting: Ruling): void {
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

/** Does a membership op that is here lie beyond the cut? */
function takesAnything(draft: Draft, { type, target, cut }: CuttingOp, ordered: readonly MeshOp[]): boolean {
  const keys = new Set(type === "rotation" ? [target] : keysOf(draft, target));
  return ordered.some((op) => keys.has(op.author) && !isWithinCut(cut, op));
}
