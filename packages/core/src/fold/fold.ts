/**
 * The fold: what a set of ops means. A pure function of the set, whatever order the ops came in, as long as each comes
 * after the op it builds on.
 *
 * Item ops are folded one by one. A membership op may change who was allowed to write what, so it is judged together with
 * all other membership ops; only when that takes or gives somebody's say over ops that are here already (`stale`), the
 * caller folds everything again.
 */
import { toHex } from "../kernel/bytes.ts";
import { type Membership, standingOf } from "../member/membership.ts";
import { createMembershipFold } from "../member/membership-fold.ts";
import { type MeshBody, type OpBody, readBody } from "../op/bodies.ts";
import type { Crypto } from "../op/crypto.ts";
import type { SealedOp } from "../op/op.ts";
import { addToHistory, type FoldOp, type ItemHistory, type MutableHistory, newHistory } from "./history.ts";
import { createSayRecord } from "./say.ts";

/** Part of the digest: nodes compare views only when they fold alike. */
export const FOLD_VERSION = 2;

/** The entity of membership and project ops. Item ids cannot be this. */
export const MESH_ENTITY = "mesh";

export interface View {
  readonly items: ReadonlyMap<string, ItemHistory>;
  readonly membership: Membership;
}

/** What one op touched. */
export type FoldChange =
  | { readonly type: "item"; readonly item: string }
  | { readonly type: "membership" }
  /** Somebody's earlier ops count differently now: fold everything again. */
  | { readonly type: "stale" };

export interface Fold extends View {
  apply(sealed: SealedOp): FoldChange;
  /** A key that a join or rotation named, valid or not: its ops are kept, so that nobody's op can build on a missing one. */
  isKnownAuthor(key: string): boolean;
}

export function createFold(mesh: Uint8Array, crypto: Crypto): Fold {
  const items = new Map<string, MutableHistory>();
  const members = createMembershipFold(mesh, crypto);
  const says = createSayRecord();
  const named = new Set<string>();

  const applyItem = (op: FoldOp): FoldChange => {
    const history = items.get(op.entity) ?? newHistory(op.entity);
    items.set(op.entity, history);
    addToHistory(history, op, standingOf(members.membership, op));
    says.remember(op, members.membership);
    return { type: "item", item: op.entity };
  };

  const applyMesh = (op: FoldOp, body: MeshBody): FoldChange => {
    if (body.kind === "member.join" || body.kind === "member.rotate") named.add(toHex(body.key));
    if (body.kind === "mesh.genesis" && op.id === toHex(mesh)) named.add(op.author);
    members.add({ ...op, body });
    return says.isSame(members.membership) ? { type: "membership" } : { type: "stale" };
  };

  return {
    items,
    get membership(): Membership {
      return members.membership;
    },
    isKnownAuthor: (key) => named.has(key),
    apply: (sealed) => {
      const op = toFoldOp(sealed);
      if (op.entity !== MESH_ENTITY) return applyItem(op);
      return op.body !== undefined && isMeshBody(op.body) ? applyMesh(op, op.body) : { type: "membership" };
    },
  };
}

const isMeshBody = (body: OpBody): body is MeshBody => !body.kind.startsWith("item.");

function toFoldOp({ op, id }: SealedOp): FoldOp {
  return {
    id,
    author: toHex(op.author),
    incarnation: toHex(op.incarnation),
    seq: op.seq,
    lamport: op.lamport,
    wall: op.wall,
    entity: op.entity,
    kind: op.kind,
    on: op.on === null ? null : toHex(op.on),
    body: readBody(op),
  };
}
