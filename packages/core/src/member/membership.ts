/**
 * Who belongs to the mesh, as a pure function of the set of membership ops.
 *
 * The ops are judged in the total order (Lamport, author, id), which every node computes alike. A removal names the last
 * accepted op of the removed key; ops beyond that cut are kept for inspection and never folded, membership ops among
 * them. As a cut may undo what was judged before it, the pass is repeated with the cuts it found until they stay the
 * same. Only a member of higher rank removes another (owners may remove each other, nobody the founder), so this ends.
 */
import { compareText, toHex } from "../kernel/bytes.ts";
import type { MeshBody, Tip } from "../op/bodies.ts";
import type { Crypto } from "../op/crypto.ts";
import { joinProofBytes } from "./join-proof.ts";
import { type Role, roleAtLeast, ROLES } from "./role.ts";

export interface MeshOp {
  readonly id: string;
  readonly lamport: number;
  /** Hex, like every key below. */
  readonly author: string;
  readonly incarnation: string;
  readonly seq: number;
  readonly wall: number;
  readonly body: MeshBody;
}

export interface Member {
  readonly key: string;
  readonly name: string;
  readonly role: Role;
  /** Last accepted seq by incarnation once the member was removed. */
  readonly cut: ReadonlyMap<string, number> | null;
  readonly joinedAt: number;
}

export interface Invite {
  readonly ticket: string;
  readonly role: Role;
  readonly expires: number;
  /** The member that used it. */
  readonly usedBy: string | null;
}

export interface Project {
  readonly name: string;
  readonly remote: string;
  readonly base: string;
  readonly config: string;
}

/** What an operator or owner has signed to have held. */
export interface Checkpoint {
  /** Id (hex) of its op. */
  readonly op: string;
  readonly author: string;
  readonly wall: number;
  readonly tips: readonly Tip[];
  readonly ops: number;
}

export interface Membership {
  readonly meshName: string;
  readonly members: ReadonlyMap<string, Member>;
  readonly invites: ReadonlyMap<string, Invite>;
  readonly projects: ReadonlyMap<string, Project>;
  /** In the total order, the newest last. */
  readonly checkpoints: readonly Checkpoint[];
  /** Why an op had no effect, by op id. */
  readonly rejected: ReadonlyMap<string, string>;
}

type Cuts = ReadonlyMap<string, ReadonlyMap<string, number>>;

interface Draft {
  meshName: string;
  founder: string;
  readonly mesh: Uint8Array;
  readonly members: Map<string, Member>;
  readonly invites: Map<string, Invite>;
  readonly projects: Map<string, Project>;
  readonly checkpoints: Checkpoint[];
  readonly rejected: Map<string, string>;
}

export const noMembership: Membership = {
  meshName: "",
  members: new Map(),
  invites: new Map(),
  projects: new Map(),
  checkpoints: [],
  rejected: new Map(),
};

/** May this op of this author be folded at all? Keys in hex. */
export function roleOf(
  membership: Membership,
  op: { readonly author: string; readonly incarnation: string; readonly seq: number },
): Role | undefined {
  const member = membership.members.get(op.author);
  if (member === undefined) return undefined;
  return isWithinCut(member.cut, op) ? member.role : undefined;
}

const isWithinCut = (
  cut: ReadonlyMap<string, number> | null,
  op: { readonly incarnation: string; readonly seq: number },
): boolean => cut === null || op.seq <= (cut.get(op.incarnation) ?? 0);

const ROUNDS_MAX = 16;

export function foldMembership(ops: readonly MeshOp[], mesh: Uint8Array, crypto: Crypto): Membership {
  const ordered = ops.toSorted(
    (a, b) => a.lamport - b.lamport || compareText(a.author, b.author) || compareText(a.id, b.id),
  );
  let cuts: Cuts = new Map();
  for (let round = 1; ; round++) {
    const draft = judge(ordered, mesh, cuts, crypto);
    const found: Cuts = new Map(
      [...draft.members.values()].flatMap((member) => (member.cut === null ? [] : [[member.key, member.cut]])),
    );
    if (round === ROUNDS_MAX || sameCuts(cuts, found)) return draft;
    cuts = found;
  }
}

function judge(ordered: readonly MeshOp[], mesh: Uint8Array, cuts: Cuts, crypto: Crypto): Draft {
  const draft: Draft = {
    meshName: "",
    founder: "",
    mesh,
    members: new Map(),
    invites: new Map(),
    projects: new Map(),
    checkpoints: [],
    rejected: new Map(),
  };
  for (const op of ordered) {
    const beyondCut = !isWithinCut(cuts.get(op.author) ?? null, op);
    const problem = beyondCut ? "written after its author was removed" : applyMeshOp(draft, op, crypto);
    if (problem !== undefined) draft.rejected.set(op.id, problem);
  }
  return draft;
}

/** Changes the draft and returns undefined, or leaves it alone and returns why. */
function applyMeshOp(draft: Draft, op: MeshOp, crypto: Crypto): string | undefined {
  const { body } = op;
  if (body.kind === "mesh.genesis") return applyGenesis(draft, op, body);
  const author = draft.members.get(op.author);
  if (author === undefined || !isWithinCut(author.cut, op)) return "its author is not a member";
  switch (body.kind) {
    case "member.invite":
      return applyInvite(draft, author, body);
    case "member.join":
      return applyJoin(draft, op, body, crypto);
    case "member.remove":
      return applyRemove(draft, author, body);
    case "project.set": {
      if (!roleAtLeast(author.role, "operator")) return "setting a project needs the role operator";
      const { name, remote, base, config } = body;
      // The order of the pass makes this the last writer's value.
      draft.projects.set(name, { name, remote, base, config });
      return undefined;
    }
    case "mesh.checkpoint":
      if (!roleAtLeast(author.role, "operator")) return "a checkpoint needs the role operator";
      draft.checkpoints.push({ op: op.id, author: op.author, wall: op.wall, tips: body.tips, ops: body.ops });
      return undefined;
  }
}

function applyGenesis(draft: Draft, op: MeshOp, body: Extract<MeshBody, { kind: "mesh.genesis" }>): string | undefined {
  if (op.id !== toHex(draft.mesh)) return "it is not the op this mesh is named after";
  draft.meshName = body.name;
  draft.founder = op.author;
  draft.members.set(op.author, { key: op.author, name: body.owner, role: "owner", cut: null, joinedAt: op.wall });
  return undefined;
}

function applyInvite(
  draft: Draft,
  author: Member,
  body: Extract<MeshBody, { kind: "member.invite" }>,
): string | undefined {
  if (!roleAtLeast(author.role, "operator")) return "inviting needs the role operator";
  if (ROLES.indexOf(body.role) > ROLES.indexOf(author.role)) return "nobody invites into a higher role than their own";
  const ticket = toHex(body.ticket);
  if (draft.invites.has(ticket)) return "the ticket exists already";
  draft.invites.set(ticket, { ticket, role: body.role, expires: body.expires, usedBy: null });
  return undefined;
}

function applyJoin(
  draft: Draft,
  op: MeshOp,
  body: Extract<MeshBody, { kind: "member.join" }>,
  crypto: Crypto,
): string | undefined {
  const key = toHex(body.key);
  const invite = draft.invites.get(toHex(body.ticket));
  if (invite === undefined) return "there is no such ticket";
  if (invite.usedBy !== null) return "the ticket is spent";
  if (draft.members.has(key)) return "the key is or was a member already";
  if (!crypto.isAcceptableKey(body.key)) return "the key is not acceptable";
  const proved = joinProofBytes({ mesh: draft.mesh, key: body.key, name: body.name });
  if (!crypto.verify(body.ticket, proved, body.proof)) return "the ticket did not sign for this key";
  draft.members.set(key, { key, name: body.name, role: invite.role, cut: null, joinedAt: op.wall });
  draft.invites.set(invite.ticket, { ...invite, usedBy: key });
  return undefined;
}

function applyRemove(
  draft: Draft,
  author: Member,
  body: Extract<MeshBody, { kind: "member.remove" }>,
): string | undefined {
  const member = draft.members.get(toHex(body.key));
  if (member === undefined) return "there is no such member";
  if (member.key === draft.founder) return "the founder's key cannot be removed";
  const outranks = ROLES.indexOf(author.role) > ROLES.indexOf(member.role) || author.role === "owner";
  if (!outranks || !roleAtLeast(author.role, "operator")) return "removing needs a higher role than the member's";
  if (member.cut !== null) return "the member is removed already";
  draft.members.set(member.key, { ...member, cut: body.cut });
  return undefined;
}

function sameCuts(a: Cuts, b: Cuts): boolean {
  if (a.size !== b.size) return false;
  for (const [key, cut] of a) {
    const other = b.get(key);
    if (other === undefined || other.size !== cut.size) return false;
    for (const [incarnation, seq] of cut) if (other.get(incarnation) !== seq) return false;
  }
  return true;
}
