/**
 * The membership as a pure function of the set of its ops, whatever order they came in.
 *
 * Which removals and rotations are in force is decided from all ops that may have an effect (decide-rulings.ts), again
 * whenever one comes that does not lie after all others. Two kinds of ops stand aside, so that nobody makes that dear:
 * settings and checkpoints, which no judgement depends on, and what is out of reach (reach.ts). Each of these is judged
 * by itself, under what was decided. The result is the same as of judging them all together.
 */
import type { Crypto } from "../op/crypto.ts";
import { compareStamp } from "../op/stamp.ts";
import { type Decided, decide, enforce } from "./decide-rulings.ts";
import {
  type CuttingOp,
  type Draft,
  isCutting,
  type JudgeContext,
  judgeOne,
  meansTheSameInAnyOrder,
  type MeshOp,
  newDraft,
  noRulings,
} from "./judge.ts";
import { isWithinCut, keysOf, type Membership } from "./membership.ts";
import { createReach } from "./reach.ts";

export interface MembershipFold {
  /** As of the last op added. It may change with the next one. */
  readonly membership: Membership;
  /** Many at once are judged once. */
  add(ops: readonly MeshOp[]): void;
  /** The others alone, as if these had never come; undefined when there are none of these. */
  without(isTaken: (op: MeshOp) => boolean): MembershipFold | undefined;
}

export function createMembershipFold(mesh: Uint8Array, crypto: Crypto): MembershipFold {
  const context: JudgeContext = { mesh, crypto, proofs: new Map() };
  const reach = createReach(context);
  /** In the total order, what may have an effect on others; and the rest in no order. */
  let deciding: MeshOp[] = [];
  let aside: MeshOp[] = [];
  let last: MeshOp | undefined;
  let decided: Decided = { rulings: noRulings(), draft: newDraft(), contested: false };

  const known = new Set<string>();
  const isNews = ({ id }: MeshOp): boolean => known.size < known.add(id).size;
  const judgeHere = (op: MeshOp): boolean => judgeOne(decided.draft, op, decided.rulings, context);

  /** Nothing that came before the op is judged differently because of it, so it is judged alone. */
  const append = (op: MeshOp): boolean => {
    const { rulings, draft, contested } = decided;
    if (isCutting(op) && contested) return false;
    judgeHere(op);
    if (!isCutting(op)) return true;
    const cutting = draft.cutting.get(op.id);
    if (cutting === undefined || takesAnything(draft, cutting, [deciding, aside])) return false;
    enforce(rulings, cutting);
    return true;
  };

  /** The order tells the last setting of a project, so those that have an effect are applied in it. */
  const settleAside = (): void => {
    const { projects, queues, work, workBy, budgets, transfers, checkpoints } = decided.draft;
    projects.clear();
    queues.clear();
    work.clear();
    workBy.clear();
    budgets.clear();
    transfers.clear();
    checkpoints.length = 0;
    aside = aside.toSorted(compareStamp);
    for (const op of aside) judgeHere(op);
  };

  /** Adds ops of which none brings an earlier one into reach; false when others have to be judged again. */
  const addInOrder = (ops: readonly MeshOp[], counting: ReadonlySet<MeshOp>): boolean => {
    let settled = true;
    let unsettled = false;
    for (const op of ops) {
      const isLast = last === undefined || compareStamp(last, op) < 0;
      if (isLast) last = op;
      if (counting.has(op)) {
        deciding.push(op);
        settled &&= isLast && append(op);
      } else {
        aside.push(op);
        if (settled && judgeHere(op) && !isLast && !meansTheSameInAnyOrder(op)) unsettled = true;
      }
    }
    if (settled && unsettled) settleAside();
    return settled;
  };

  return {
    get membership(): Membership {
      return decided.draft;
    },
    add: (ops) => {
      const ordered = ops.filter(isNews).toSorted(compareStamp);
      const counting = reach.add(ordered);
      const isNew = new Set(ordered);
      const earlier = [...counting].filter((op) => !isNew.has(op));
      if (addInOrder(ordered, counting) && earlier.length === 0) return;
      aside = earlier.length === 0 ? aside : aside.filter((op) => !counting.has(op));
      deciding = [...deciding, ...earlier].toSorted(compareStamp);
      decided = decide(deciding, context);
      settleAside();
    },
    without: (isTaken) => {
      const all = [...deciding, ...aside];
      const kept = all.filter((op) => !isTaken(op));
      if (kept.length === all.length) return undefined;
      const others = createMembershipFold(mesh, crypto);
      others.add(kept);
      return others;
    },
  };
}

/** Of a set of ops at once. */
export function foldMembership(ops: readonly MeshOp[], mesh: Uint8Array, crypto: Crypto): Membership {
  const folding = createMembershipFold(mesh, crypto);
  folding.add(ops);
  return folding.membership;
}

/** Does a membership op that is here lie beyond the cut? */
function takesAnything(draft: Draft, { type, target, cut }: CuttingOp, known: readonly (readonly MeshOp[])[]): boolean {
  const keys = new Set(type === "rotation" ? [target] : keysOf(draft, target));
  return known.some((ops) => ops.some((op) => keys.has(op.author) && !isWithinCut(cut, op)));
}
