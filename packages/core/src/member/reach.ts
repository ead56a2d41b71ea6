/**
 * Which membership ops may have an effect at all, whatever else is in force.
 *
 * An op is judged at its place in the order, so a new one may change what all others mean, and everything is decided again.
 * Most ops that somebody could flood a node with are not worth that: nobody's role ever reaches far enough for them. This
 * finds the greatest role that each key could have in any pass, without regard to places and cuts: the least fixed point of
 * who invites, joins and rotates. What is out of reach then is rejected in every pass and changes none.
 */
import { toHex } from "../kernel/bytes.ts";
import {
  standsAlone,
  inviteProblem,
  joinProofProblem,
  type JudgeContext,
  type MeshOp,
  rotateProofProblem,
} from "./judge.ts";
import { type Role, roleAtLeast } from "./role.ts";

export interface Reach {
  /** Those that may have an effect now and could not before: of these ops, and of earlier ones that they bring into reach. */
  add(ops: readonly MeshOp[]): ReadonlySet<MeshOp>;
}

export function createReach(context: JudgeContext): Reach {
  /** The greatest role by key, and by ticket. */
  const roles = new Map<string, Role>();
  /** What depends on the role of a key or a ticket. Roles only rise, so each op is looked at a few times at most. */
  const dependents = new Map<string, MeshOp[]>();
  const reached = new Set<string>();
  let queue: MeshOp[] = [];

  const depend = (on: string, op: MeshOp): void => {
    const known = dependents.get(on);
    if (known === undefined) dependents.set(on, [op]);
    else known.push(op);
  };
  const raise = (what: string, role: Role): void => {
    const known = roles.get(what);
    if (known !== undefined && roleAtLeast(known, role)) return;
    roles.set(what, role);
    for (const op of dependents.get(what) ?? []) queue.push(op);
  };
  const enlist = (op: MeshOp): void => {
    depend(op.author, op);
    if (op.body.kind === "member.join") depend(ticketName(op.body.ticket), op);
  };

  const look = (op: MeshOp): boolean => {
    const { body } = op;
    if (body.kind === "mesh.genesis") {
      if (op.id !== toHex(context.mesh)) return false;
      raise(op.author, "owner");
      return true;
    }
    const role = roles.get(op.author);
    if (role === undefined) return false;
    switch (body.kind) {
      case "member.invite":
        if (inviteProblem(role, op, body, context) !== undefined) return false;
        raise(ticketName(body.ticket), body.role);
        return true;
      case "member.join": {
        const into = roles.get(ticketName(body.ticket));
        if (into === undefined || joinProofProblem(op, body, context) !== undefined) return false;
        raise(toHex(body.key), into);
        return true;
      }
      case "member.rotate":
        if (rotateProofProblem(op, body, context) !== undefined) return false;
        raise(toHex(body.key), role);
        return true;
      case "member.remove":
        return roleAtLeast(role, "operator");
      case "project.set":
      case "queue.set":
      case "work.set":
      case "budget.set":
      case "budget.transfer":
      case "mesh.checkpoint":
        return false;
    }
  };

  return {
    add: (ops) => {
      const found = new Set<MeshOp>();
      queue = ops.filter((op) => !standsAlone(op));
      for (const op of queue) enlist(op);
      // It grows while it is read.
      for (const op of queue) {
        if (!look(op) || reached.has(op.id)) continue;
        reached.add(op.id);
        found.add(op);
      }
      queue = [];
      return found;
    },
  };
}

/** Tickets and keys are both 32 bytes in hex. */
const ticketName = (ticket: Uint8Array): string => `ticket ${toHex(ticket)}`;
