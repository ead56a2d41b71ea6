/** Looks at the mesh through any node that runs, and says what is new since the last look. */
import { type HistoryEntry, NoAnswer, readHistory, readSnapshot, type Snapshot } from "./answers.ts";
import { type DemoEvent, nothingTold, tellNews, type Told } from "./events.ts";
import type { DemoMesh } from "./mesh.ts";

export interface WatchOptions {
  readonly mesh: DemoMesh;
  /** The nodes in order. */
  readonly names: readonly string[];
  /** The demo's own items in the order they were added. */
  readonly order: readonly string[];
  readonly elapsedMs: () => number;
}

export interface Seen {
  readonly snapshot: Snapshot;
  /** Nodes whose process has ended. */
  readonly gone: ReadonlySet<string>;
  readonly news: readonly DemoEvent[];
}

export interface Watch {
  /** Undefined while the node that was asked goes away: the next look asks another one. */
  look(): Promise<Seen | undefined>;
}

export function createWatch({ mesh, names, order, elapsedMs }: WatchOptions): Watch {
  const histories = createHistories(mesh);
  let told: Told = nothingTold;
  return {
    look: async () => {
      mesh.check();
      try {
        const snapshot = inOrder(await readSnapshot(mesh.living().client), names, order);
        const gone = mesh.gone();
        const tale = tellNews({ snapshot, histories: await histories(snapshot) }, told);
        told = tale.told;
        return { snapshot, gone, news: tale.lines.map((line) => ({ atMs: elapsedMs(), line })) };
      } catch (cause) {
        if (cause instanceof NoAnswer) return undefined;
        throw cause;
      }
    },
  };
}

/** Reads the history of the items that moved since the last time. */
function createHistories(mesh: DemoMesh): (now: Snapshot) => Promise<ReadonlyMap<string, readonly HistoryEntry[]>> {
  const histories = new Map<string, readonly HistoryEntry[]>();
  const states = new Map<string, string>();
  return async ({ items }) => {
    for (const item of items) {
      const state = JSON.stringify([item.stage, item.epoch, item.claim?.node, item.updatedAt]);
      if (states.get(item.id) === state) continue;
      histories.set(item.id, await readHistory(mesh.living().client, item.id));
      states.set(item.id, state);
    }
    return histories;
  };
}

/** Each story keeps its line while it travels, and each node its own. What a person adds comes after ours. */
export function inOrder({ items, nodes }: Snapshot, names: readonly string[], order: readonly string[]): Snapshot {
  const place = (list: readonly string[], one: string): number =>
    list.includes(one) ? list.indexOf(one) : list.length;
  return {
    items: items.toSorted((a, b) => place(order, a.id) - place(order, b.id)),
    nodes: nodes.toSorted((a, b) => place(names, a.name) - place(names, b.name)),
  };
}
