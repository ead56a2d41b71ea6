/** What a member may do. A higher role may do everything a lower one may. */
export type Role = "owner" | "operator" | "agent" | "observer";

export const ROLES = ["observer", "agent", "operator", "owner"] as const satisfies readonly Role[];

export const roleAtLeast = (role: Role, needed: Role): boolean => ROLES.indexOf(role) >= ROLES.indexOf(needed);
