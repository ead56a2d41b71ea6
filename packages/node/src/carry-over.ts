/**
 * After a feed of this node forked, nothing of it counts from the fork on. What people asked for there is not lost: the
 * node writes it again under its new incarnation, as far as it is still possible. What executors did is not: the work is
 * claimed again, and what has landed is seen on the target branch.
 */
import {
  type CommandError,
  type Crypto,
  type Draft,
  feedOf,
  framesOf,
  isLive,
  type LiveItem,
  memberOf,
  CHAT_ENTITY,
  MESH_ENTITY,
  ok,
  type OpBody,
  type OpenedOp,
  readBody,
  type Replica,
  type Result,
  type Role,
  roleAtLeast,
  roleOf,
  stageOn,
  toHex,
} from "@skein/core";

import type { Journal } from "./journal.ts";
import type { Clock, LogStore } from "./ports.ts";

export interface CarryOverDeps {
  readonly clock: Clock;
  readonly store: LogStore;
  readonly crypto: Crypto;
  readonly replica: Replica;
  readonly journal: Journal;
  /** This node's member id and role. */
  readonly self: () => { readonly key: string; readonly role: Role };
  /** The key it signs with now. */
  readonly key: () => string;
}

/** Facts of the log with this prefix say how far the log was looked through: `<first seq of the fork> <position>`. */
export const CARRIED_OVER = "carried-over/";

/**
 * Writes again what counts no more of this feed, as far as its frames are here; the rest of either history may come later,
 * and then this is called again. Remembers how far it came. Resolves with the number of ops written.
 */
export async function carryOver(deps: CarryOverDeps, feed: string): Promise<number> {
  const fact = `${CARRIED_OVER}${feed}`;
  const from = deps.replica.forks().get(feed);
  if (from === undefined) return 0;
  const [before, position = 0] = readNumbers(deps.store.getMeta(fact));
  // A fork that turned out to begin earlier takes more with it.
  const { ops, last } = quarantinedOps(deps, feed, from, before === from ? position + 1 : 1);
  let count = 0;
  for (const op of ops) {
    const written = await deps.journal.write<CommandError>(() => draftsOf(deps, op));
    if (written.ok) count += written.value.length;
  }
  if (last > position || before !== from) deps.store.putMeta(fact, new TextEncoder().encode(`${from} ${last}`));
  return count;
}

const readNumbers = (bytes: Uint8Array | undefined): readonly number[] =>
  bytes === undefined ? [] : new TextDecoder().decode(bytes).split(" ").map(Number);

/**
 * Under a key that gave way to another one only the history that came first is this node's own: whoever still holds that
 * key must not get its wishes written under the new one.
 */
function quarantinedOps(
  { store, crypto, replica, journal, key }: CarryOverDeps,
  feed: string,
  from: number,
  firstPosition: number,
): { readonly ops: readonly OpenedOp[]; readonly last: number } {
  const ops: OpenedOp[] = [];
  let last = firstPosition - 1;
  const counts = ({ op }: OpenedOp, author: string, incarnation: string): boolean =>
    roleOf(replica.view().membership, { author, incarnation, seq: op.seq }) !== undefined;
  for (const { position, count = 1, bytes } of store.frames(firstPosition)) {
    last = position + count - 1;
    const frames = framesOf(bytes, crypto);
    if (!frames.ok) continue;
    for (const [at, { header, ops: written }] of frames.value.entries()) {
      const [author, incarnation] = [toHex(header.author), toHex(header.incarnation)];
      if (feedOf({ author, incarnation }) !== feed || header.firstSeq < from || position + at < firstPosition) continue;
      if (author !== key() && journal.index.at(position + at).branch !== feed) continue;
      ops.push(...written.filter((one) => counts(one, author, incarnation)));
    }
  }
  return { ops, last };
}

/** Nothing when the op's wish is fulfilled already or is not a person's. */
function draftsOf(deps: CarryOverDeps, { op }: OpenedOp): Result<readonly Draft[], CommandError> {
  const body = readBody(op);
  const { role, key } = deps.self();
  if (body === undefined || !roleAtLeast(role, "agent")) return ok([]);
  if (op.entity === MESH_ENTITY) return ok(isStillWanted(deps, body) ? [{ entity: MESH_ENTITY, on: null, body }] : []);
  if (!roleAtLeast(role, "operator")) return ok([]);
  if (op.entity === CHAT_ENTITY) return ok(isFact(body) ? [{ entity: CHAT_ENTITY, on: null, body }] : []);
  const item = deps.replica.view().items.get(op.entity);
  if (body.kind === "item.create") {
    return ok(item?.registers === undefined ? [{ entity: op.entity, on: null, body }] : []);
  }
  if (item === undefined || !isLive(item)) return ok([]);
  switch (body.kind) {
    case "item.set":
      return ok(isNewer(item, body, op.lamport) ? [{ entity: item.id, on: item.best.id, body }] : []);
    case "item.note": {
      const isThere = item.annotations.notes.some(({ note }) => note === body.note);
      return ok(isThere ? [] : [{ entity: item.id, on: item.best.id, body }]);
    }
    case "item.comment": {
      const isThere = item.annotations.comments.some(({ comment }) => comment === body.comment);
      return ok(isThere || body.epoch > item.best.state.epoch ? [] : [{ entity: item.id, on: item.best.id, body }]);
    }
    case "item.approve": {
      const { stage } = item.best.state;
      const isThere = (stage.stage === "Qa" || stage.stage === "Merge") && stage.tip === body.tip;
      const isNew = !item.annotations.approvals.some(({ tip, member }) => tip === body.tip && member === key);
      return ok(isThere && isNew ? [{ entity: item.id, on: item.best.id, body }] : []);
    }
    case "item.answer": {
      const asked = item.annotations.questions.get(body.question);
      const isUnanswered = asked !== undefined && asked.answer === undefined && asked.over === undefined;
      return ok(isUnanswered ? [{ entity: item.id, on: asked.id, body }] : []);
    }
    case "item.delete":
      return ok([{ entity: item.id, on: item.best.id, body }]);
    case "item.start":
    case "item.shelve":
    case "item.archive":
    case "item.restore": {
      const decided = stageOn(item, body, { self: key, role, wallMs: deps.clock.wallMs() });
      return decided.ok ? ok(decided.value.drafts) : decided;
    }
    default:
      return ok([]);
  }
}

/**
 * What happened in rooms stays true: what was said and settled and sent, who was linked, what was taken away. A lease, a
 * setting or a role that was given is of its moment, and a later one may be here.
 */
const isFact = (body: OpBody): boolean =>
  !["lease.claim", "lease.release", "notice.set"].includes(body.kind) &&
  (body.kind !== "person.role" || body.role === "none");

const isNewer = (item: LiveItem, body: Extract<OpBody, { kind: "item.set" }>, lamport: number): boolean =>
  item.registers[body.field].lamport < lamport;

function isStillWanted({ replica }: CarryOverDeps, body: OpBody): boolean {
  const { membership } = replica.view();
  const { keys, invites, projects, queues, work, budgets } = membership;
  switch (body.kind) {
    case "member.invite":
      return !invites.has(toHex(body.ticket));
    case "member.join":
      return !keys.has(toHex(body.key));
    case "member.remove":
      return memberOf(membership, toHex(body.key))?.cut === null;
    case "project.set":
      return !projects.has(body.name);
    case "queue.set":
      return !queues.has(body.name);
    case "work.set":
      return !work.has(body.member);
    case "budget.set":
      // An older one never takes the place of a newer one; a gift was of a life whose rights nobody knows any more.
      return budgets.size === 0;
    default:
      return false;
  }
}
