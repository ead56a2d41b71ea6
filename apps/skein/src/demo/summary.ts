/** What `skein demo --json` prints. */
import type { Seen } from "./watch.ts";

interface Summary {
  readonly items: readonly {
    readonly id: string;
    readonly title: string;
    readonly stage: string;
    readonly mergeCommit: string | null;
  }[];
  readonly nodes: readonly { readonly name: string; readonly id: string; readonly alive: boolean }[];
  readonly elapsedMs: number;
}

/** A node that was killed is not alive, even if the others have not missed its beats yet. */
export const summaryOf = ({ snapshot, gone }: Pick<Seen, "snapshot" | "gone">, elapsedMs: number): Summary => ({
  items: snapshot.items.map(({ id, title, stage, mergeCommit }) => ({ id, title, stage, mergeCommit })),
  nodes: snapshot.nodes.map(({ name, id, alive }) => ({ name, id, alive: alive && !gone.has(name) })),
  elapsedMs: Math.round(elapsedMs),
});
