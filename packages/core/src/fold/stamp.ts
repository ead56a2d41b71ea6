/** Where an op stands in the one order that every node sees, and when its writer says that it was. */
import { compareText } from "../kernel/bytes.ts";

export interface Stamp {
  readonly lamport: number;
  readonly author: string;
  readonly id: string;
  readonly wall: number;
}

export const compareStamp = (
  a: Pick<Stamp, "lamport" | "author" | "id">,
  b: Pick<Stamp, "lamport" | "author" | "id">,
): number => a.lamport - b.lamport || compareText(a.author, b.author) || compareText(a.id, b.id);
