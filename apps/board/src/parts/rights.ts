/** What a role may do is the node's to say; what it may not do is not offered. Reading the signal is what keeps a part up to date. */
import type { Session } from "../session.ts";

type Signed = Pick<Session, "who">;

/** Change the board: nearly every command needs an operator. */
export const maySteer = ({ who }: Signed): boolean => who.value?.role === "operator" || who.value?.role === "owner";

/** Choose what this machine works on. */
export const isOwner = ({ who }: Signed): boolean => who.value?.role === "owner";
