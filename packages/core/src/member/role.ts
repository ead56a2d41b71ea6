/** What a member may do. A higher role may do everything a lower one may. */

/** In ascending order of power. */
export const ROLES: readonly ["observer", "agent", "operator", "owner"] = ["observer", "agent", "operator", "owner"];

export type Role = (typeof ROLES)[number];

export const roleAtLeast = (role: Role, needed: Role): boolean => ROLES.indexOf(role) >= ROLES.indexOf(needed);

/** What somebody may do who is bounded by both. */
export const leastRole = (a: Role, b: Role): Role => (roleAtLeast(a, b) ? b : a);
