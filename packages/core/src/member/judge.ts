/**
 * One pass over the membership ops in the total order, under rulings: the removals and rotations that are in force, and
 * those that lost. What lies beyond a cut that is in force has no effect; every other op is judged by what came before
 * it. The pass says which removals and rotations it would accept; decide-rulings.ts decides which come into force.
 */
import { fromHex, toHex } from "../kernel/bytes.ts";
import { assert } from "../kernel/result.ts";
import type { MeshBody } from "../op/bodies.ts";
import type { Crypto } from "../op/crypto.ts";
import { LIMITS } from "../op/limits.ts";
import { compareStamp } from "../op/stamp.ts";
import { joinProofBytes } from "./join-proof.ts";
import {
  type BudgetSetting,
  type Checkpoint,
  type Cut,
  type Invite,
  isWithinCut,
  type KeyRotation,
  type Member,
  type MemberKey,
  type Membership,
  type Project,
  type QueueSetting,
  type Transfer,
  type WorkSetting,
} from "./membership.ts";
import { type Role, roleAtLeast, ROLES } from "./role.ts";
import { rotationProblem } from "./rotation-proof.ts";

export interface MeshOp {
  readonly id: string;
  readonly lamport: number;
  readonly author: string;
  readonly incarnation: string;
  readonly seq: number;
  readonly wall: number;
  readonly body: MeshBody;
}

/** A removal or a rotation: it takes the say of what lies beyond its cut. */
export interface CuttingOp {
  readonly op: string;
  readonly type: "removal" | "rotation";
  /** The id of the member that is removed, or the key that is rotated away. */
  readonly target: string;
  readonly cut: Cut;
}

/** What is in force for one target; no op of its own while several compete for that. */
export type Ruling = Omit<CuttingOp, "op"> & { readonly op: string | null };

export interface Rulings {
  /** By the member that was removed. */
  readonly removals: Map<string, Ruling>;
  /** By the key that was rotated away. */
  readonly rotations: Map<string, Ruling>;
  /** Ids of those that would undo one that is in force, or themselves. */
  readonly refused: Set<string>;
  /** Whatever is not in force is refused. */
  readonly closed: boolean;
}

export interface Draft extends Membership {
  meshName: string;
  readonly members: Map<string, Member>;
  readonly keys: Map<string, MemberKey>;
  readonly invites: Map<string, Invite>;
  readonly projects: Map<string, Project>;
  readonly queues: Map<string, QueueSetting>;
  readonly work: Map<string, WorkSetting>;
  readonly budgets: Map<string, BudgetSetting>;
  readonly transfers: Map<string, Transfer>;
  readonly checkpoints: Checkpoint[];
  readonly rejected: Map<string, string>;
  /** What the pass accepts, in the total order. */
  readonly cutting: Map<string, CuttingOp>;
  /** The op that made each key a member's, and the one that announced each ticket: before it there was none. */
  readonly since: Map<string, MeshOp>;
  readonly announced: Map<string, MeshOp>;
  /** The op behind each word of who takes work: the last of the order counts, whichever is judged last. */
  readonly workBy: Map<string, MeshOp>;
}

export interface JudgeContext {
  readonly mesh: Uint8Array;
  readonly crypto: Crypto;
  /** What is wrong with an op's signatures and keys, by op id: they are the same in every pass, and checking is dear. */
  readonly proofs: Map<string, string | undefined>;
}

export const newDraft = (): Draft => ({
  meshName: "",
  members: new Map(),
  keys: new Map(),
  invites: new Map(),
  projects: new Map(),
  queues: new Map(),
  work: new Map(),
  budgets: new Map(),
  transfers: new Map(),
  checkpoints: [],
  rejected: new Map(),
  cutting: new Map(),
  since: new Map(),
  announced: new Map(),
  workBy: new Map(),
});

export const noRulings = (): Rulings => ({
  removals: new Map(),
  rotations: new Map(),
  refused: new Set(),
  closed: false,
});

export const isInForce = (rulings: Rulings, { op, type, target }: CuttingOp): boolean =>
  (type === "removal" ? rulings.removals : rulings.rotations).get(target)?.op === op;

export function judge(ordered: readonly MeshOp[], rulings: Rulings, context: JudgeContext): Draft {
  const draft = newDraft();
  for (const op of ordered) judgeOne(draft, op, rulings, context);
  return draft;
}

/**
 * Adds the op that comes next in the order, and says whether it is accepted. One that has no effect on others, because it
 * stands alone or is out of reach (reach.ts), is judged rightly at any place in the order, also after all others.
 */
export function judgeOne(draft: Draft, op: MeshOp, rulings: Rulings, context: JudgeContext): boolean {
  const problem = isRefused(op, rulings) ? CONTRADICTS : applyMeshOp(draft, op, rulings, context);
  if (problem !== undefined) draft.rejected.set(op.id, problem);
  return problem === undefined;
}

const CONTRADICTS = "it contradicts another removal or rotation, which is in force";

export const isCutting = ({ body }: MeshOp): boolean => body.kind === "member.remove" || body.kind === "member.rotate";

/** Does no judgement of another op depend on this one? */
export const standsAlone = ({ body }: MeshOp): boolean => STANDING_ALONE.has(body.kind);

const STANDING_ALONE: ReadonlySet<MeshBody["kind"]> = new Set([
  "project.set",
  "queue.set",
  "work.set",
  "budget.set",
  "budget.transfer",
  "mesh.checkpoint",
]);

/**
 * Does it mean the same in whatever order such ops are judged? All that somebody with the role agent may write in masses does, and
 * at any stamp: otherwise each would make all settings be judged again.
 */
export const meansTheSameInAnyOrder = ({ body }: MeshOp): boolean => IN_ANY_ORDER.has(body.kind);

const IN_ANY_ORDER: ReadonlySet<MeshBody["kind"]> = new Set(["work.set", "budget.set", "budget.transfer"]);

/** Is the op that something came from one that lies before this place? */
const isBefore = (from: MeshOp | undefined, op: MeshOp): boolean => from !== undefined && compareStamp(from, op) < 0;

function isRefused(op: MeshOp, { removals, rotations, refused, closed }: Rulings): boolean {
  if (refused.has(op.id)) return true;
  return closed && isCutting(op) && ![...removals.values(), ...rotations.values()].some((one) => one.op === op.id);
}

/** Changes the draft and returns undefined, or leaves it alone and returns why. */
function applyMeshOp(draft: Draft, op: MeshOp, rulings: Rulings, context: JudgeContext): string | undefined {
  const { body } = op;
  if (body.kind === "mesh.genesis") return applyGenesis(draft, op, body, context);
  const author = draft.members.get(draft.keys.get(op.author)?.member ?? "");
  if (author === undefined || !isBefore(draft.since.get(op.author), op)) return "its author is not a member";
  if (!isWithinCut(rulings.rotations.get(op.author)?.cut ?? null, op))
    return "written after its author's key was rotated";
  if (!isWithinCut(rulings.removals.get(author.id)?.cut ?? null, op)) return "written after its author was removed";
  switch (body.kind) {
    case "member.invite":
      return applyInvite(draft, author, op, body, context);
    case "member.join":
      return applyJoin(draft, op, body, rulings, context);
    case "member.rotate":
      return applyRotate(draft, author, op, body, context);
    case "member.remove":
      return applyRemove(draft, author, op, body, rulings);
    case "project.set": {
      if (!roleAtLeast(author.role, "operator")) return "setting a project needs the role operator";
      const { name, remote, base, config } = body;
      // The order of the pass makes this the last writer's value.
      draft.projects.set(name, { name, remote, base, config });
      return undefined;
    }
    case "queue.set": {
      if (!roleAtLeast(author.role, "operator")) return "pausing a queue needs the role operator";
      const { name, mode, note } = body;
      draft.queues.set(name, { mode, note, lamport: op.lamport, author: op.author, wall: op.wall });
      return undefined;
    }
    case "work.set":
      return applyWork(draft, author, op, body);
    case "budget.set": {
      if (!roleAtLeast(author.role, "operator")) return "setting the budget needs the role operator";
      const { from, microUsd, shares } = body;
      draft.budgets.set(op.id, { ...stampOf(op), from, microUsd: microUsd[0] ?? null, shares });
      return undefined;
    }
    case "budget.transfer": {
      if (!roleAtLeast(author.role, "agent")) return "giving money away needs the role agent";
      const to = toHex(body.to);
      if (to === author.id) return "nobody gives money to itself";
      const { day, microUsd } = body;
      draft.transfers.set(op.id, { ...stampOf(op), from: author.id, to, day, microUsd });
      return undefined;
    }
    case "mesh.checkpoint":
      if (!roleAtLeast(author.role, "operator")) return "a checkpoint needs the role operator";
      draft.checkpoints.push({ op: op.id, author: op.author, wall: op.wall, tips: body.tips, ops: body.ops });
      return undefined;
  }
}

const stampOf = ({ id, lamport, author, wall }: MeshOp): Pick<MeshOp, "id" | "lamport" | "author" | "wall"> => ({
  id,
  lamport,
  author,
  wall,
});

export type Body<K extends MeshBody["kind"]> = Extract<MeshBody, { kind: K }>;

/** A node says of itself whether it takes work; of others and of all, operators do. */
function applyWork(
  draft: Draft,
  author: Member,
  op: MeshOp,
  { member, mode, note }: Body<"work.set">,
): string | undefined {
  const isOwn = member === author.id && roleAtLeast(author.role, "agent");
  if (!isOwn && !roleAtLeast(author.role, "operator")) return "saying who takes work needs the role operator";
  const known = draft.workBy.get(member);
  if (known !== undefined && compareStamp(known, op) > 0) return undefined;
  draft.workBy.set(member, op);
  draft.work.set(member, { mode, note, author: op.author, wall: op.wall });
  return undefined;
}

function applyGenesis(
  draft: Draft,
  op: MeshOp,
  body: Body<"mesh.genesis">,
  { mesh }: JudgeContext,
): string | undefined {
  if (op.id !== toHex(mesh)) return "it is not the op this mesh is named after";
  draft.meshName = body.name;
  const { author: key, wall: joinedAt } = op;
  addMember(draft, { id: key, key, name: body.owner, role: "owner", cut: null, joinedAt }, op);
  return undefined;
}

function addMember(draft: Draft, member: Member, since: MeshOp): void {
  draft.members.set(member.id, member);
  draft.since.set(member.key, since);
  draft.keys.set(member.key, { member: member.id, cut: null, rotation: null });
}

function applyInvite(
  draft: Draft,
  author: Member,
  op: MeshOp,
  body: Body<"member.invite">,
  context: JudgeContext,
): string | undefined {
  const problem = inviteProblem(author.role, op, body, context);
  if (problem !== undefined) return problem;
  const ticket = toHex(body.ticket);
  if (draft.invites.has(ticket)) return "the ticket exists already";
  draft.invites.set(ticket, { ticket, role: body.role, expires: body.expires, by: author.id, usedBy: null });
  draft.announced.set(ticket, op);
  return undefined;
}

/** What is wrong with it wherever it stands, when its author has this role. */
export function inviteProblem(
  role: Role,
  op: MeshOp,
  body: Body<"member.invite">,
  { crypto }: JudgeContext,
): string | undefined {
  if (!roleAtLeast(role, "operator")) return "inviting needs the role operator";
  if (ROLES.indexOf(body.role) > ROLES.indexOf(role)) return "nobody invites into a higher role than their own";
  // The op's own clock, as no other is the same on every node; who admits looks at its own one too.
  if (body.expires > op.wall + LIMITS.inviteMs) return "the ticket would be good for too long";
  // Under a weak key anybody could sign, so the ticket would let everybody in.
  return crypto.isAcceptableKey(body.ticket) ? undefined : "the ticket's key is not acceptable";
}

function applyJoin(
  draft: Draft,
  op: MeshOp,
  body: Body<"member.join">,
  rulings: Rulings,
  context: JudgeContext,
): string | undefined {
  const key = toHex(body.key);
  const invite = draft.invites.get(toHex(body.ticket));
  if (invite === undefined || !isBefore(draft.announced.get(invite.ticket), op)) return "there is no such ticket";
  const problem = joinProofProblem(op, body, context);
  if (problem !== undefined) return problem;
  if (invite.usedBy !== null) return "the ticket is spent";
  if (isRemovedBefore(draft, invite.by, rulings)) return "the ticket's inviter was removed before";
  if (draft.keys.has(key)) return "the key is or was a member already";
  addMember(draft, { id: key, key, name: body.name, role: invite.role, cut: null, joinedAt: op.wall }, op);
  draft.invites.set(invite.ticket, { ...invite, usedBy: key });
  return undefined;
}

export const joinProofProblem = (op: MeshOp, body: Body<"member.join">, context: JudgeContext): string | undefined =>
  proofOnce(context, op, () => joinProblem(body, context));

/**
 * Does a removal of the member that is in force lie before this place in the order? Joins before it stand. The cut is no
 * help here: it lies at what the remover knew, so a ticket that the member kept for itself is within it.
 */
const isRemovedBefore = (draft: Draft, member: string, { removals }: Rulings): boolean =>
  removals.has(member) && (draft.members.get(member)?.cut ?? null) !== null;

function joinProblem(body: Body<"member.join">, { mesh, crypto }: JudgeContext): string | undefined {
  if (!crypto.isAcceptableKey(body.key)) return "the key is not acceptable";
  const proved = joinProofBytes({ mesh, key: body.key, name: body.name });
  return crypto.verify(body.ticket, proved, body.proof) ? undefined : "the ticket did not sign for this key";
}

/** The member goes on under the new key: same name, role and date. */
function applyRotate(
  draft: Draft,
  author: Member,
  op: MeshOp,
  body: Body<"member.rotate">,
  context: JudgeContext,
): string | undefined {
  const problem = rotateProofProblem(op, body, context);
  if (problem !== undefined) return problem;
  const key = toHex(body.key);
  const old = draft.keys.get(op.author);
  if (old === undefined || author.key !== op.author) return "its author's key was rotated already";
  if (draft.keys.has(key)) return "the key is or was a member already";
  // The feed it stands in ends with it, whatever the body says.
  const cut: Cut = new Map([...body.cut, [op.incarnation, op.seq]]);
  draft.members.set(author.id, { ...author, key });
  draft.keys.set(op.author, { ...old, cut });
  draft.keys.set(key, { member: author.id, cut: null, rotation: rotationOf(op, body) });
  draft.since.set(key, op);
  draft.cutting.set(op.id, { op: op.id, type: "rotation", target: op.author, cut });
  return undefined;
}

export const rotateProofProblem = (
  op: MeshOp,
  body: Body<"member.rotate">,
  context: JudgeContext,
): string | undefined =>
  proofOnce(context, op, () => rotationProblem(context.mesh, rotationOf(op, body), context.crypto));

function rotationOf({ author }: MeshOp, body: Body<"member.rotate">): KeyRotation {
  const from = fromHex(author);
  assert(from !== undefined, "an author is hex");
  return { from, to: body.key, consent: body.consent, proof: body.proof };
}

function applyRemove(
  draft: Draft,
  author: Member,
  op: MeshOp,
  body: Body<"member.remove">,
  { removals }: Rulings,
): string | undefined {
  if (!roleAtLeast(author.role, "operator")) return "removing needs the role operator";
  const member = draft.members.get(draft.keys.get(toHex(body.key))?.member ?? "");
  if (member === undefined) return "there is no such member";
  const [founder] = draft.members.keys();
  if (member.id === founder) return "the founder cannot be removed";
  const outranks = ROLES.indexOf(author.role) > ROLES.indexOf(member.role) || author.role === "owner";
  if (!outranks) return "removing needs a higher role than the member's";
  const ruled = removals.get(member.id)?.op ?? op.id;
  if (ruled !== op.id) return "the member is removed already";
  draft.members.set(member.id, { ...member, cut: body.cut });
  draft.cutting.set(op.id, { op: op.id, type: "removal", target: member.id, cut: body.cut });
  return undefined;
}

function proofOnce({ proofs }: JudgeContext, op: MeshOp, check: () => string | undefined): string | undefined {
  if (proofs.has(op.id)) return proofs.get(op.id);
  const problem = check();
  proofs.set(op.id, problem);
  return problem;
}
