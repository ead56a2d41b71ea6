/**
 * After a feed of this node forked, nothing of it counts from the fork on. What people asked for there is not lost: the
 * node writes it again under its new incarnation, as far as it is still possible. What executors did is not: the work is
 * claimed again, and what has landed is seen on the target branch.
 */
import {
  type CommandError,
  type Crypto,
  type Draft,
  framesOf,
  isLive,
  type LiveItem,
  MESH_ENTITY,
  ok,
  type OpBody,
  type OpenedOp,
  readBody,
  type Replica,
  type Result,
  type Role,
  roleAtLeast,
  stageOn,
  toHex,
} from "@skein/core";

import { type Journal, recordsOf } from "./journal.ts";
import type { Clock, LogStore } from "./ports.ts";

export interface CarryOverDeps {
  readonly clock: Clock;
  readonly store: LogStore;
  readonly crypto: Crypto;
  readonly replica: Replica;
  readonly journal: Journal;
  readonly self: () => { readonly key: string; readonly role: Role };
}

/** Writes again what counts no more of this feed. Resolves with the number of ops; remembers that it was done. */
export async function carryOver(deps: CarryOverDeps, feed: string): Promise<number> {
  const done = `carried-over/${feed}`;
  const from = deps.replica.forks().get(feed);
  if (from === undefined || deps.store.getMeta(done) !== undefined) return 0;
  let count = 0;
  for (const op of quarantinedOps(deps, feed, from)) {
    const written = await deps.journal.write<CommandError>(() => draftsOf(deps, op));
    if (written.ok) count += written.value.length;
  }
  deps.store.putMeta(done, new Uint8Array([1]));
  return count;
}

function quarantinedOps({ store, crypto }: CarryOverDeps, feed: string, from: number): readonly OpenedOp[] {
  const ops: OpenedOp[] = [];
  for (const bytes of recordsOf(store)) {
    const frames = framesOf(bytes, crypto);
    if (!frames.ok) continue;
    for (const { header, ops: written } of frames.value) {
      const { author, incarnation, firstSeq } = header;
      if (`${toHex(author)}/${toHex(incarnation)}` === feed && firstSeq >= from) ops.push(...written);
    }
  }
  return ops;
}

/** Nothing when the op's wish is fulfilled already or is not a person's. */
function draftsOf(deps: CarryOverDeps, { op }: OpenedOp): Result<readonly Draft[], CommandError> {
  const body = readBody(op);
  const { role, key } = deps.self();
  if (body === undefined || !roleAtLeast(role, "agent")) return ok([]);
  if (op.entity === MESH_ENTITY) return ok(isStillWanted(deps, body) ? [{ entity: MESH_ENTITY, on: null, body }] : []);
  if (!roleAtLeast(role, "operator")) return ok([]);
  const item = deps.replica.view().items.get(op.entity);
  if (body.kind === "item.create") {
    return ok(item?.registers === undefined ? [{ entity: op.entity, on: null, body }] : []);
  }
  if (item === undefined || !isLive(item)) return ok([]);
  switch (body.kind) {
    case "item.set":
      return ok(isNewer(item, body, op.lamport) ? [{ entity: item.id, on: item.best.id, body }] : []);
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

const isNewer = (item: LiveItem, body: Extract<OpBody, { kind: "item.set" }>, lamport: number): boolean =>
  item.registers[body.field].lamport < lamport;

function isStillWanted({ replica }: CarryOverDeps, body: OpBody): boolean {
  const { members, invites, projects } = replica.view().membership;
  switch (body.kind) {
    case "member.invite":
      return !invites.has(toHex(body.ticket));
    case "member.join":
      return !members.has(toHex(body.key));
    case "member.remove":
      return members.get(toHex(body.key))?.cut === null;
    case "project.set":
      return !projects.has(body.name);
    default:
      return false;
  }
}
