/** What somebody wants to see of the board, as it stands in the address, and which items that is. Pure. */
import type { Board, BoardItem } from "@skein/core";
import { plainText } from "../../text.ts";

export const STATES = ["", "person", "held", "free", "expired", "hold", "waits", "blocked"] as const;

export const GROUPS = ["", "project", "label", "node"] as const;

export interface Filter {
  /** Words that all have to be in it. */
  readonly q: string;
  readonly state: (typeof STATES)[number];
  readonly label: string;
  /** Id of the holder. */
  readonly node: string;
  readonly group: (typeof GROUPS)[number];
}

export function filterIn(query: ReadonlyMap<string, string>): Filter {
  const of = (name: string): string => query.get(name) ?? "";
  return {
    q: of("q"),
    state: STATES.find((one) => one === of("state")) ?? "",
    label: of("label"),
    node: of("node"),
    group: GROUPS.find((one) => one === of("group")) ?? "",
  };
}

/** Undefined when everything matches. */
export function matcherOf(filter: Filter, items: Board["items"]): ((item: BoardItem) => boolean) | undefined {
  const { state, label, node } = filter;
  const words = filter.q
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  if (words.length === 0 && state === "" && label === "" && node === "") return undefined;
  return (item) =>
    (label === "" || item.labels.includes(label)) &&
    (node === "" || item.claim?.node === node) &&
    (state === "" || IS_STATE[state](item, items)) &&
    words.every((word) => searched(item).includes(word));
}

const IS_STATE: Readonly<Record<Exclude<Filter["state"], "">, (item: BoardItem, items: Board["items"]) => boolean>> = {
  person: (item) => item.awaitsPerson || item.questions.length > 0,
  held: (item) => item.claim !== null,
  free: (item) => item.claim === null && item.stage !== "Done" && item.stage !== "Archived",
  expired: (item) => item.claim?.expired === true,
  hold: (item) => item.hold !== "",
  waits: (item, items) => missingOf(item, items).length > 0,
  blocked: (item) =>
    item.archiveReason === "Blocked" || item.archiveReason === "MergeFailed" || item.landing === "refuted",
};

/** The dependencies that have not landed, as far as this node knows. */
export function missingOf(item: Pick<BoardItem, "stage" | "dependsOn">, items: Board["items"]): readonly string[] {
  const isOpen = item.stage === "Backlog" || item.stage === "Coding";
  return isOpen ? item.dependsOn.filter((id) => !isDone(items.get(id))) : [];
}

const isDone = (item: BoardItem | undefined): boolean => item?.stage === "Done" && item.landing !== "refuted";

/** An item is the same object until it changes, so that a search through thousands makes no text anew. */
const texts = new WeakMap<BoardItem, string>();

function searched(item: BoardItem): string {
  let text = texts.get(item);
  if (text === undefined) {
    const parts = [item.title, item.id, item.type, item.claim?.nodeName ?? "", item.branch ?? "", ...item.labels];
    text = plainText(parts.join(" ")).toLowerCase();
    texts.set(item, text);
  }
  return text;
}

/** Every label there is, in order. */
export function labelsOf(items: Board["items"]): readonly string[] {
  const labels = new Set<string>();
  for (const item of items.values()) for (const label of item.labels) labels.add(label);
  return [...labels].sort((left, right) => (left < right ? -1 : 1));
}
