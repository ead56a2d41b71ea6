/**
 * The fold: what a set of ops means. A pure function of the set, whatever order the ops came in, as long as each comes
 * after the op it builds on.
 *
 * Item ops are folded one by one. A membership op may change who was allowed to write what, so it is judged together with
 * all other membership ops; only when that takes or gives somebody's say over ops that are here already (`stale`), the
 * caller folds everything again.
 */
import { shared, toHex, toSharedHex } from "../kernel/bytes.ts";
import {
  foldMembership,
  type Member,
  type Membership,
  type MeshOp,
  noMembership,
  roleOf,
} from "../member/membership.ts";
import { type MeshBody, type OpBody, readBody } from "../op/bodies.ts";
import type { Crypto } from "../op/crypto.ts";
import type { OpenedOp } from "../op/pack.ts";
import { addToHistory, type FoldOp, type ItemHistory, type MutableHistory, newHistory } from "./history.ts";

/** Part of the digest: nodes compare views only when they fold alike. */
export const FOLD_VERSION = 1;

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
  apply(sealed: OpenedOp): FoldChange;
  /** Membership ops together, judged once. */
  applyMembership(sealed: readonly OpenedOp[]): FoldChange;
  /** Makes the keys that a membership op names known, before it is folded. */
  introduce(sealed: OpenedOp): void;
  /** A key that a join op named, valid or not: its ops are kept, so that nobody's op can build on a missing one. */
  isKnownAuthor(key: string): boolean;
}

/** `forks` is the first seq with two histories, by feed id: from there on nothing of the feed is folded, on any node. */
export function createFold(mesh: Uint8Array, crypto: Crypto, forks: ReadonlyMap<string, number> = new Map()): Fold {
  const items = new Map<string, MutableHistory>();
  const meshOps: MeshOp[] = [];
  const authors = new Map<string, Map<string, number>>();
  const named = new Set<string>();
  let membership: Membership = noMembership;

  const isQuarantined = (op: FoldOp): boolean => {
    const fork = forks.size === 0 ? undefined : forks.get(`${op.author}/${op.incarnation}`);
    return fork !== undefined && op.seq >= fork;
  };

  const applyItem = (op: FoldOp): FoldChange => {
    const history = items.get(op.entity) ?? newHistory(op.entity);
    items.set(op.entity, history);
    addToHistory(history, op, isQuarantined(op) ? "quarantined" : roleOf(membership, op));
    remember(authors, op);
    return { type: "item", item: op.entity };
  };

  /** Names the keys that an op lets in, also one without a say: ops of honest members may build on theirs. */
  const introduce = (op: FoldOp): void => {
    if (op.body?.kind === "member.join") named.add(toHex(op.body.key));
    if (op.body?.kind === "mesh.genesis" && op.id === toHex(mesh)) named.add(op.author);
  };

  const applyMesh = (ops: readonly FoldOp[]): FoldChange => {
    const counting = ops.flatMap((op) =>
      op.body !== undefined && isMeshBody(op.body) && !isQuarantined(op) ? [{ ...op, body: op.body }] : [],
    );
    for (const op of ops) introduce(op);
    if (counting.length === 0) return { type: "membership" };
    meshOps.push(...counting);
    const before = membership;
    membership = foldMembership(meshOps, mesh, crypto);
    return sameSay(before, membership, authors) ? { type: "membership" } : { type: "stale" };
  };

  return {
    items,
    get membership(): Membership {
      return membership;
    },
    isKnownAuthor: (key) => named.has(key),
    introduce: (sealed) => introduce(toFoldOp(sealed)),
    apply: (sealed) => {
      const op = toFoldOp(sealed);
      return op.entity === MESH_ENTITY ? applyMesh([op]) : applyItem(op);
    },
    applyMembership: (sealed) => applyMesh(sealed.map(toFoldOp)),
  };
}

const isMeshBody = (body: OpBody): body is MeshBody => !body.kind.startsWith("item.");

function toFoldOp({ op, id, on }: OpenedOp): FoldOp {
  return {
    id,
    author: toSharedHex(op.author),
    incarnation: toSharedHex(op.incarnation),
    seq: op.seq,
    lamport: op.lamport,
    wall: op.wall,
    entity: op.entity,
    kind: shared(op.kind),
    on: op.on === null ? null : (on ?? toHex(op.on)),
    body: readBody(op),
  };
}

/** The last seq folded per author and incarnation: the ops that a change of membership could make count differently. */
function remember(authors: Map<string, Map<string, number>>, op: FoldOp): void {
  const feeds = authors.get(op.author);
  if (feeds === undefined) authors.set(op.author, new Map([[op.incarnation, op.seq]]));
  else feeds.set(op.incarnation, Math.max(op.seq, feeds.get(op.incarnation) ?? 0));
}

function sameSay(
  before: Membership,
  after: Membership,
  authors: ReadonlyMap<string, ReadonlyMap<string, number>>,
): boolean {
  for (const [author, feeds] of authors) {
    const was = before.members.get(author);
    const is = after.members.get(author);
    if (was === is) continue;
    if (was?.role !== is?.role) return false;
    for (const [incarnation, last] of feeds) {
      // A cut that lies at or after the last folded op takes nothing away; any other that moves may.
      if (lastWithSay(was, incarnation, last) !== lastWithSay(is, incarnation, last)) return false;
    }
  }
  return true;
}

const lastWithSay = (member: Member | undefined, incarnation: string, last: number): number => {
  if (member === undefined) return 0;
  return member.cut === null ? last : Math.min(last, member.cut.get(incarnation) ?? 0);
};
