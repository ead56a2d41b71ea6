/** How many nodes a demo may have, and their names. */
import { Failure } from "../failure.ts";

export const NAMES = ["alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi"] as const;

export const NODES_MAX: number = NAMES.length;

export function checkNodeCount(text: string): number {
  const count = Number(text);
  if (/^\d$/.test(text) && count >= 2 && count <= NODES_MAX) return count;
  throw new Failure(`--nodes takes a number from 2 to ${NODES_MAX}; "${text}" is not one.`, 2);
}
