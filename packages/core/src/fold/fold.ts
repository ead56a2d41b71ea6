/**
 * The fold: what a set of ops means. A pure function of the set, whatever order the ops came in, as long as each comes
 * after the op it builds on.
 *
 * Item ops are folded one by one. A membership op may change who was allowed to write what, so it is judged together with
 * all other membership ops; only when that takes or gives somebody's say over ops that are here already (`stale`), the
 * caller folds everything again.
 */
import { CHAT_ENTITY, createChatFold } from "../chat/chat-fold.ts";
import type { ChatView } from "../chat/chat-view.ts";
import { shared, toHex, toSharedHex } from "../kernel/bytes.ts";
import { type Membership, standingOf } from "../member/membership.ts";
import { createMembershipFold } from "../member/membership-fold.ts";
import { type MeshBody, type OpBody, readBody } from "../op/bodies.ts";
import { type ChatBody, isChatKind } from "../op/chat-bodies.ts";
import type { Crypto } from "../op/crypto.ts";
import { feedOf } from "../op/frame.ts";
import type { OpenedOp } from "../op/pack.ts";
import { createEffectRecord } from "./effects.ts";
import {
  addToHistory,
  type FoldOp,
  hasNoEffect,
  type ItemHistory,
  type MutableHistory,
  newHistory,
  quarantineEntries,
} from "./history.ts";
import { createSayRecord } from "./say.ts";

/** Part of the digest: nodes compare views only when they fold alike. */
export const FOLD_VERSION = 8;

/** The entity of membership and project ops. Item ids cannot be this. */
export const MESH_ENTITY = "mesh";

export interface View {
  readonly items: ReadonlyMap<string, ItemHistory>;
  readonly membership: Membership;
  readonly chat: ChatView;
}

/** What one op touched. */
export type FoldChange =
  | { readonly type: "item"; readonly item: string }
  | { readonly type: "membership" }
  /** A room, a person, a lease. */
  | { readonly type: "chat" }
  /** Somebody's earlier ops count differently now: fold everything again. */
  | { readonly type: "stale" };

export interface Fold extends View {
  apply(sealed: OpenedOp): FoldChange;
  /** Membership ops together, judged once. */
  applyMembership(sealed: readonly OpenedOp[]): FoldChange;
  /** Makes the keys that a membership op names known, before it is folded. */
  introduce(sealed: OpenedOp): void;
  /** A key that a join or rotation named, valid or not: its ops are kept, so that nobody's op can build on a missing one. */
  isKnownAuthor(key: string): boolean;
  /** The feed forked, or forked earlier than was known: what was folded of it from there on counts no more. */
  quarantine(feed: string): readonly FoldChange[];
}

/** `forks` is the first seq with two histories, by feed id: from there on nothing of the feed is folded, on any node. */
export function createFold(mesh: Uint8Array, crypto: Crypto, forks: ReadonlyMap<string, number> = new Map()): Fold {
  const items = new Map<string, MutableHistory>();
  let members = createMembershipFold(mesh, crypto);
  const chat = createChatFold((bytes) => crypto.sha256(bytes));
  const says = createSayRecord();
  const effects = createEffectRecord();
  const named = new Set<string>();

  const isQuarantined = (op: Pick<FoldOp, "author" | "incarnation" | "seq">): boolean => {
    const fork = forks.size === 0 ? undefined : forks.get(feedOf(op));
    return fork !== undefined && op.seq >= fork;
  };

  const applyItem = (op: FoldOp): FoldChange => {
    const history = items.get(op.entity) ?? newHistory(op.entity);
    items.set(op.entity, history);
    const say = isQuarantined(op) ? "quarantined" : standingOf(members.membership, op);
    const outcome = addToHistory(history, op, say, crypto);
    if (outcome.type !== "quarantined") effects.remember(op, !hasNoEffect(outcome));
    says.remember(op, members.membership);
    return { type: "item", item: op.entity };
  };

  const applyChat = (op: FoldOp): FoldChange => {
    const standing = isQuarantined(op) ? undefined : standingOf(members.membership, op);
    says.remember(op, members.membership);
    if (standing === undefined || op.body === undefined || !isChatBody(op.body)) return { type: "chat" };
    // What had no effect is not remembered: there is nothing to take back of it.
    if (chat.apply(op.body, op, standing)) effects.remember(op, true);
    return { type: "chat" };
  };

  /** Names the keys that an op lets in, also one without a say: ops of honest members may build on theirs. */
  const introduce = (op: FoldOp): void => {
    const key = op.body === undefined ? undefined : keyNamedBy(op.body);
    if (key !== undefined) named.add(key);
    if (op.body?.kind === "mesh.genesis" && op.id === toHex(mesh)) named.add(op.author);
  };

  const applyMesh = (ops: readonly FoldOp[]): FoldChange => {
    const counting = ops.flatMap((op) =>
      op.body !== undefined && isMeshBody(op.body) && (outlivesFork(op.body) || !isQuarantined(op))
        ? [{ ...op, body: op.body }]
        : [],
    );
    for (const op of ops) introduce(op);
    if (counting.length === 0) return { type: "membership" };
    members.add(counting);
    return says.isSame(members.membership) ? { type: "membership" } : { type: "stale" };
  };

  /** The same as folding everything again, as long as no item op that is taken back had an effect. */
  const quarantine = (feed: string): readonly FoldChange[] => {
    const from = forks.get(feed) ?? Number.POSITIVE_INFINITY;
    if (effects.reaches(feed, from)) return [{ type: "stale" }];
    const changes: FoldChange[] = [];
    const others = members.without((op) => feedOf(op) === feed && isQuarantined(op) && !outlivesFork(op.body));
    if (others !== undefined) {
      members = others;
      changes.push(says.isSame(members.membership) ? { type: "membership" } : { type: "stale" });
    }
    for (const [item, ids] of effects.withdraw(feed, from)) {
      const history = items.get(item);
      if (history !== undefined) quarantineEntries(history, ids);
      changes.push({ type: "item", item });
    }
    return changes;
  };

  return {
    items,
    chat,
    get membership(): Membership {
      return members.membership;
    },
    isKnownAuthor: (key) => named.has(key),
    introduce: (sealed) => introduce(toFoldOp(sealed)),
    apply: (sealed) => {
      const op = toFoldOp(sealed);
      if (op.entity === CHAT_ENTITY) return applyChat(op);
      return op.entity === MESH_ENTITY ? applyMesh([op]) : applyItem(op);
    },
    applyMembership: (sealed) => applyMesh(sealed.map(toFoldOp)),
    quarantine,
  };
}

/** The key (hex) that a membership op makes known, whether the op is valid or not; undefined when it names none. */
export function keyNamedBy(body: OpBody): string | undefined {
  return body.kind === "member.join" || body.kind === "member.rotate" ? toHex(body.key) : undefined;
}

/**
 * A copy of a directory whose key was rotated forks the feed before the rotation, and it must not bring the old key back.
 * Both keys signed the rotation, so it does not need a feed to prove it.
 */
const outlivesFork = ({ kind }: MeshBody): boolean => kind === "member.rotate";

const isChatBody = (body: OpBody): body is ChatBody => isChatKind(body.kind);

const isMeshBody = (body: OpBody): body is MeshBody => !body.kind.startsWith("item.") && !isChatBody(body);

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
