/**
 * The mesh as one node sees it: what `GET /api/v1/mesh` answers and the mesh page draws. Whose word a fact is differs: roles, forks
 * and invitations are the log's, the same on every node; what is heard and measured is this node's own; and what a beat says is its
 * sender's. They are type aliases, not interfaces, so that TypeScript sees that they are JSON.
 */
import type { Role } from "../member/role.ts";

export type MeshIncarnation = {
  /** Hex. */
  readonly id: string;
  readonly ops: number;
  /** The first seq with two ops: from there on nothing counts. Null when there is one history. */
  readonly forkedAt: number | null;
};

export type MeshNode = {
  /** Member id. */
  readonly id: string;
  /** What it signs with now (hex); the id is the key that it joined with. */
  readonly key: string;
  readonly name: string;
  readonly role: Role;
  /** Unix ms, as its admission says. */
  readonly joinedAt: number;
  readonly removed: boolean;
  readonly self: boolean;
  readonly alive: boolean;
  /** How its beats come here: over a link to it, passed on by others, or not at all. */
  readonly reach: "self" | "direct" | "relayed" | "none";
  /** How long ago it was heard, ms on this node's own monotonic clock; null for never in the life of this process. */
  readonly heardAgoMs: number | null;
  /** How far its wall clock was ahead of ours when it was last heard, ms, the way here included; null before that. */
  readonly skewMs: number | null;
  readonly version: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly slots: number;
  readonly slotsFree: number;
  /** Load of its machine per core, in percent; null while it was not heard. */
  readonly load: number | null;
  readonly lowDisk: boolean;
  readonly address: string;
  /** Why it takes no work by the word of people; empty when it does. */
  readonly standby: string;
  /** How many keys it had before this one. */
  readonly earlierKeys: number;
  /** The one with most ops first; the first few. */
  readonly incarnations: readonly MeshIncarnation[];
  readonly incarnationCount: number;
};

/** Two nodes with a link between them; `a` is the smaller id. */
export type MeshLink = {
  readonly a: string;
  readonly b: string;
  /** It is this node's own link; otherwise one end or both say in their beats that it is there. */
  readonly own: boolean;
  /** Member ids of the ends that tell of it. */
  readonly toldBy: readonly string[];
  /** The rest is measured, and so known of this node's own links alone: null for others, or when nothing was measured yet. */
  readonly rttMs: number | null;
  readonly queuedBytes: number | null;
  /** Ops that are here and that the other end is not known to hold. */
  readonly opsBehind: number | null;
  readonly upForMs: number | null;
};

export type MeshAlarm = {
  readonly type: string;
  /** One sentence for people. */
  readonly message: string;
  /** The member that it is about, or empty. */
  readonly node: string;
  /** Unix ms of when it was noticed here; null for what the log says. */
  readonly at: number | null;
};

export type MeshInvite = {
  readonly role: Role;
  readonly expires: number;
  /** Name of who made it. */
  readonly by: string;
};

export type Mesh = {
  readonly mesh: string;
  readonly name: string;
  /** Member id of the node that answers. */
  readonly self: string;
  /** Its wall clock, Unix ms. */
  readonly now: number;
  readonly nodes: readonly MeshNode[];
  readonly links: readonly MeshLink[];
  readonly alarms: readonly MeshAlarm[];
  /** Tickets that somebody could still join with. */
  readonly invites: readonly MeshInvite[];
};
