/** A membership with these members and nothing else said of the mesh. */
import type { Member, Membership } from "@skein/core";

export const membershipOf = (...members: readonly Member[]): Membership => ({
  meshName: "loom",
  members: new Map(members.map((one) => [one.id, one])),
  keys: new Map(members.map(({ id, key }) => [key, { member: id, cut: null, rotation: null }])),
  invites: new Map(),
  projects: new Map(),
  queues: new Map(),
  work: new Map(),
  budgets: new Map(),
  transfers: new Map(),
  checkpoints: [],
  rejected: new Map(),
});

/** Under the key that it joined with. */
export const memberNamed = (id: string, name: string, cut: Member["cut"] = null): Member => ({
  id,
  key: id,
  name,
  role: "agent",
  cut,
  joinedAt: 5,
});
