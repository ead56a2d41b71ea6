/** Where an op stands in the one order that every node sees, and when its writer says that it was. */
import { compareText } from "../kernel/bytes.ts";

export interface Stamp {
  readonly lamport: number;
  readonly author: string;
  readonly id: string;
  /** Wall time that the author wrote, Unix ms; for people only. */
  readonly wall: number;
}

/** What of it decides. Nothing in the order hangs on wall clocks. */
export type Place = Omit<Stamp, "wall">;

export const compareStamp = (a: Place, b: Place): number =>
  a.lamport - b.lamport || compareText(a.author, b.author) || compareText(a.id, b.id);
