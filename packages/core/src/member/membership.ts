/**
 * Who belongs to the mesh, as the membership ops say it (membership-fold.ts judges them).
 *
 * A member is named by the key it joined with, for ever: its id. The key it signs with may change; every key it ever had
 * leads to it, each with the last ops that count. So what a member holds stays its own when its key is rotated.
 */
import { toHex } from "../kernel/bytes.ts";
import type { QueueMode, Tip, WorkMode } from "../op/bodies.ts";
import type { Role } from "./role.ts";

/** Last accepted seq by incarnation (hex); a feed that is not named has none. */
export type Cut = ReadonlyMap<string, number>;

/** Keys and ids in hex, here and below. */
export interface Member {
  /** The key it joined with. */
  readonly id: string;
  /** The key it signs with now. */
  readonly key: string;
  readonly name: string;
  readonly role: Role;
  /** Set once the member was removed: its feeds count this far, whichever key wrote them. */
  readonly cut: Cut | null;
  readonly joinedAt: number;
}

/** One key that is or was a member's. */
export interface MemberKey {
  readonly member: string;
  /** Set once it was rotated to another key: its own feeds count this far. */
  readonly cut: Cut | null;
  /** How it became the member's; null for the key that joined. */
  readonly rotation: KeyRotation | null;
}

/** Two keys' word that the first is followed by the second (rotation-proof.ts). */
export interface KeyRotation {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
  /** The old key's signature over the statement, and the new one's. */
  readonly consent: Uint8Array;
  readonly proof: Uint8Array;
}

export interface Invite {
  readonly ticket: string;
  readonly role: Role;
  readonly expires: number;
  /** Id of the member that made it. Once that one is removed, nobody joins with it any more. */
  readonly by: string;
  /** Id of the member that used it. */
  readonly usedBy: string | null;
}

export interface Project {
  readonly name: string;
  readonly remote: string;
  readonly base: string;
  readonly config: string;
}

/** What people said of a project's merge queue last. */
export interface QueueSetting {
  readonly mode: QueueMode;
  readonly note: string;
  /** Of the op that says so. */
  readonly lamport: number;
  readonly author: string;
  readonly wall: number;
}

/** What was said last of the work that a member, or everybody, takes. */
export interface WorkSetting {
  readonly mode: WorkMode;
  readonly note: string;
  readonly author: string;
  readonly wall: number;
}

interface MoneyStamp {
  /** Id (hex) of its op. */
  readonly id: string;
  readonly lamport: number;
  readonly author: string;
  readonly wall: number;
}

/** What all members may spend together on a day, and whose part of it is how large. */
export interface BudgetSetting extends MoneyStamp {
  /** The first day it is for. */
  readonly from: string;
  /** In millionths of a dollar; null for no cap. */
  readonly microUsd: number | null;
  /** Weights by member id. */
  readonly shares: ReadonlyMap<string, number>;
}

/** A member's word that another may spend on that day what it does not. Whether it had so much is judged by who reads it. */
export interface Transfer extends MoneyStamp {
  readonly from: string;
  readonly to: string;
  readonly day: string;
  readonly microUsd: number;
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
  /** By id; the founder is the first. */
  readonly members: ReadonlyMap<string, Member>;
  /** Every key that is or was a member's. */
  readonly keys: ReadonlyMap<string, MemberKey>;
  readonly invites: ReadonlyMap<string, Invite>;
  readonly projects: ReadonlyMap<string, Project>;
  /** By project; one that nobody ever paused is not in it. */
  readonly queues: ReadonlyMap<string, QueueSetting>;
  /** By member id; under the empty one what holds for all. */
  readonly work: ReadonlyMap<string, WorkSetting>;
  /** By op id, in no order. */
  readonly budgets: ReadonlyMap<string, BudgetSetting>;
  readonly transfers: ReadonlyMap<string, Transfer>;
  /** In the total order, the newest last. */
  readonly checkpoints: readonly Checkpoint[];
  /** Why an op had no effect, by op id. */
  readonly rejected: ReadonlyMap<string, string>;
}

export const noMembership: Membership = {
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
};

/** Where an op stands in the log. */
export interface OpPlace {
  readonly author: string;
  readonly incarnation: string;
  readonly seq: number;
}

/** Whose op it is and what they may do. */
export interface Standing {
  readonly member: string;
  readonly role: Role;
}

/** Undefined when the op may not be folded at all. */
export function standingOf(membership: Membership, op: OpPlace): Standing | undefined {
  const key = membership.keys.get(op.author);
  const member = key === undefined ? undefined : membership.members.get(key.member);
  if (key === undefined || member === undefined) return undefined;
  if (!isWithinCut(key.cut, op) || !isWithinCut(member.cut, op)) return undefined;
  return { member: member.id, role: member.role };
}

export const roleOf = (membership: Membership, op: OpPlace): Role | undefined => standingOf(membership, op)?.role;

export const isWithinCut = (cut: Cut | null, op: Pick<OpPlace, "incarnation" | "seq">): boolean =>
  cut === null || op.seq <= (cut.get(op.incarnation) ?? 0);

/** The member that this key is or was of. */
export function memberOf(membership: Membership, key: string): Member | undefined {
  const known = membership.keys.get(key);
  return known === undefined ? undefined : membership.members.get(known.member);
}

/** Every key of the member, the one that joined first. */
export const keysOf = (membership: Membership, member: string): readonly string[] =>
  [...membership.keys].flatMap(([key, known]) => (known.member === member ? [key] : []));

/** Nobody joins with the ticket of a member that was removed: it could have kept one for itself. */
export const isTicketDead = (membership: Membership, invite: Invite): boolean =>
  invite.usedBy === null && (membership.members.get(invite.by)?.cut ?? null) !== null;

/**
 * What a key is good for now: `current` is a member's own, `rotated` gave way to another key, `removed` belongs to
 * a member that was removed.
 */
export function keyStatus(membership: Membership, key: string): "current" | "rotated" | "removed" | "unknown" {
  const member = memberOf(membership, key);
  if (member === undefined) return "unknown";
  if (member.cut !== null) return "removed";
  return member.key === key ? "current" : "rotated";
}

/** The rotations that led to this key, newest last, at most `max` of them. */
export function rotationsTo(membership: Membership, key: string, max: number): readonly KeyRotation[] {
  const chain: KeyRotation[] = [];
  for (let at = membership.keys.get(key)?.rotation ?? null; at !== null && chain.length < max;) {
    chain.unshift(at);
    at = membership.keys.get(toHex(at.from))?.rotation ?? null;
  }
  return chain;
}
