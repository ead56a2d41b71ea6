/** Boards for tests, from the fields that a test is about. */
import type { Board, BoardItem, BoardNode } from "@skein/core";

const ITEM: BoardItem = {
  id: "item1",
  project: "loom",
  title: "A story",
  type: "story",
  stage: "Backlog",
  priority: 5,
  labels: [],
  dependsOn: [],
  hold: "",
  qa: "",
  generation: 0,
  epoch: 0,
  attempts: 0,
  claim: null,
  branch: null,
  commitsAhead: null,
  mergeCommit: null,
  landing: null,
  mergedAt: null,
  archivedAt: null,
  archiveReason: null,
  activity: "",
  note: "",
  questions: [],
  awaitsPerson: false,
  cost: { microUsd: 0, unknown: 0 },
  createdAt: 1_000,
  updatedAt: 1_000,
  revision: 1,
};

const NODE: BoardNode = {
  id: "n1",
  name: "alder",
  role: "agent",
  removed: false,
  self: false,
  alive: true,
  lastHeardAt: 5_000,
  version: "0.1.0",
  labels: {},
  slots: 2,
  slotsFree: 1,
  address: "",
  linked: true,
};

export const nodeOf = (fields: Partial<BoardNode>): BoardNode => ({ ...NODE, ...fields });

export const itemOf = (fields: Partial<BoardItem>): BoardItem => ({ ...ITEM, ...fields });

/** `places`: item and position in the merge queue. */
export function mapsOf(
  items: readonly Partial<BoardItem>[],
  places: readonly (readonly [string, number])[] = [],
): Pick<Board, "items" | "queue"> {
  const made = items.map(itemOf);
  return {
    items: new Map(made.map((item) => [item.id, item])),
    queue: new Map(places.map(([item, position]) => [item, { item, position }])),
  };
}
