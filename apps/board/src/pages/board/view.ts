/**
 * What the page shows, as plain data made from the board's maps: which cards stand in which column in which order and
 * every word on them. Pure, so that it is tested without a browser; drawing it is a matter of text nodes.
 */
import type { Board, BoardClaim, BoardItem, BoardNode, STAGES, Stage } from "@skein/core";
import { counted, plainText, shorten } from "../../text.ts";

/** The part of the board the page draws. */
type BoardMaps = Pick<Board, "items" | "nodes" | "queue">;

export interface BoardView {
  readonly columns: readonly Column[];
  readonly nodes: readonly NodeChip[];
  readonly claims: readonly ClaimChip[];
}

export interface Column {
  readonly stage: Stage;
  readonly title: string;
  /** All items in the stage. */
  readonly count: number;
  /** Those that are shown. */
  readonly cards: readonly Card[];
}

export interface Card {
  readonly id: string;
  readonly title: string;
  readonly shortId: string;
  readonly type: string;
  /** From 0 (whenever) to 9 (drop everything). */
  readonly priority: number;
  readonly labels: readonly string[];
  readonly lease: Lease | undefined;
  /** Short facts about the work so far, such as "2 attempts". */
  readonly facts: readonly string[];
  readonly notices: readonly Notice[];
  readonly code: Code | undefined;
}

export interface Lease {
  readonly holder: string;
  readonly epoch: number;
  readonly sinceMs: number;
  readonly state: "alive" | "expired";
  /** What the holder says it is doing; empty when it says nothing. */
  readonly activity: string;
}

export interface Notice {
  readonly type: "hold" | "waits" | "archived" | "refuted" | "asks" | "note";
  readonly text: string;
}

export interface Code {
  readonly type: "branch" | "merge commit";
  readonly text: string;
  readonly atMs: number | undefined;
}

export interface NodeChip {
  readonly id: string;
  readonly name: string;
  readonly role: string;
  readonly self: boolean;
  readonly state: "alive" | "silent" | "removed";
  readonly lastHeardAtMs: number | undefined;
  readonly slots: string;
  readonly workingOn: readonly { readonly id: string; readonly title: string }[];
}

export interface ClaimChip {
  readonly item: string;
  readonly title: string;
  readonly lease: Lease;
}

/** Finished work piles up for ever; the page shows the latest of it and a count. */
const FINISHED_SHOWN = 50;

const TITLES: Readonly<Record<Stage, string>> = {
  Backlog: "Backlog",
  Coding: "Coding",
  Qa: "QA",
  Merge: "Merge",
  Done: "Done",
  Archived: "Archived",
};

/** Typed by the core's own tuple and not taken from it, so that the page does not carry the core along. */
const COLUMN_STAGES: typeof STAGES = ["Backlog", "Coding", "Qa", "Merge", "Done", "Archived"];

export const COLUMN_TITLES: readonly (readonly [Stage, string])[] = COLUMN_STAGES.map((stage) => [
  stage,
  TITLES[stage],
]);

export function viewBoard(board: BoardMaps): BoardView {
  const byStage = new Map<Stage, BoardItem[]>(COLUMN_TITLES.map(([stage]) => [stage, []]));
  for (const item of board.items.values()) byStage.get(item.stage)?.push(item);
  return {
    columns: COLUMN_TITLES.map(([stage, title]) =>
      viewColumn(board, { stage, title, items: byStage.get(stage) ?? [] }),
    ),
    nodes: viewNodes(board),
    claims: viewClaims(board),
  };
}

function viewColumn(
  board: BoardMaps,
  { stage, title, items }: { readonly stage: Stage; readonly title: string; readonly items: BoardItem[] },
): Column {
  const finished = stage === "Done" || stage === "Archived";
  const sorted = items.sort(ORDER_BY_STAGE[stage](board));
  const shown = finished ? sorted.slice(0, FINISHED_SHOWN) : sorted;
  return { stage, title, count: items.length, cards: shown.map((item) => viewCard(board, item)) };
}

type Order = (left: BoardItem, right: BoardItem) => number;

const byId: Order = (left, right) => (left.id < right.id ? -1 : 1);

const mostUrgentFirst: Order = (left, right) =>
  right.priority - left.priority || left.createdAt - right.createdAt || byId(left, right);

const latestFirst =
  (time: (item: BoardItem) => number | null): Order =>
  (left, right) =>
    (time(right) ?? 0) - (time(left) ?? 0) || byId(left, right);

const nextInLineFirst =
  ({ queue }: BoardMaps): Order =>
  (left, right) =>
    (queue.get(left.id)?.position ?? Number.MAX_SAFE_INTEGER) -
      (queue.get(right.id)?.position ?? Number.MAX_SAFE_INTEGER) || mostUrgentFirst(left, right);

const ORDER_BY_STAGE: Readonly<Record<Stage, (board: BoardMaps) => Order>> = {
  Backlog: () => mostUrgentFirst,
  Coding: () => mostUrgentFirst,
  Qa: () => mostUrgentFirst,
  Merge: nextInLineFirst,
  Done: () => latestFirst((item) => item.mergedAt),
  Archived: () => latestFirst((item) => item.archivedAt),
};

function viewCard(board: BoardMaps, item: BoardItem): Card {
  return {
    id: item.id,
    title: plainText(item.title) || "(no title)",
    shortId: shorten(plainText(item.id), 12),
    type: plainText(item.type),
    priority: item.priority,
    labels: item.labels.map(plainText),
    lease: item.claim === null ? undefined : viewLease(item.claim, item.activity),
    facts: viewFacts(board, item),
    notices: viewNotices(board, item),
    code: viewCode(item),
  };
}

function viewLease(claim: BoardClaim, activity: string): Lease {
  return {
    holder: plainText(claim.nodeName) || shorten(claim.node, 8),
    epoch: claim.epoch,
    sinceMs: claim.since,
    state: claim.expired ? "expired" : "alive",
    // What a holder said before it fell silent is not what it is doing now.
    activity: claim.expired ? "" : plainText(activity),
  };
}

function viewFacts({ queue }: BoardMaps, item: BoardItem): readonly string[] {
  const facts: string[] = [];
  const place = item.stage === "Merge" ? queue.get(item.id)?.position : undefined;
  if (place !== undefined) facts.push(place === 0 ? "next in line" : `${place} ahead in line`);
  const finished = item.stage === "Done" || item.stage === "Archived";
  if (item.claim === null && item.epoch > 0 && !finished) facts.push(`epoch ${item.epoch}`);
  if (item.attempts > 0) facts.push(counted(item.attempts, "attempt", "attempts"));
  if (item.commitsAhead !== null) facts.push(counted(item.commitsAhead, "commit", "commits"));
  return facts;
}

const ARCHIVED_WORDS: Readonly<Record<NonNullable<BoardItem["archiveReason"]>, string>> = {
  Completed: "Completed",
  Abandoned: "Abandoned",
  Superseded: "Superseded",
  Blocked: "Blocked",
  MergeFailed: "Merge failed",
  ReviewHeld: "Held in review",
};

function viewNotices({ items }: BoardMaps, item: BoardItem): readonly Notice[] {
  const notices: Notice[] = [];
  if (item.landing === "refuted") {
    const commit = plainText(item.mergeCommit ?? "").slice(0, 10);
    notices.push({ type: "refuted", text: `${commit} is not on the target branch, so this is not Done` });
  }
  if (item.hold !== "") notices.push({ type: "hold", text: plainText(item.hold) });
  if (item.archiveReason !== null) notices.push({ type: "archived", text: ARCHIVED_WORDS[item.archiveReason] });
  const open = item.stage === "Backlog" || item.stage === "Coding";
  const missing = open ? item.dependsOn.filter((id) => !isDone(items.get(id))) : [];
  if (missing.length > 0) notices.push({ type: "waits", text: missing.map(plainText).join(", ") });
  for (const { text, options } of item.questions) {
    const choice = options.length === 0 ? "" : ` (${options.join(", ")})`;
    notices.push({ type: "asks", text: plainText(`${text}${choice}`) });
  }
  if (item.note !== "") notices.push({ type: "note", text: plainText(item.note) });
  return notices;
}

const isDone = (item: BoardItem | undefined): boolean => item?.stage === "Done" && item.landing !== "refuted";

function viewCode(item: BoardItem): Code | undefined {
  if (item.mergeCommit !== null && item.landing !== "refuted") {
    return { type: "merge commit", text: item.mergeCommit.slice(0, 10), atMs: item.mergedAt ?? undefined };
  }
  if (item.branch !== null) return { type: "branch", text: plainText(item.branch), atMs: undefined };
  return undefined;
}

function viewNodes({ items, nodes }: BoardMaps): readonly NodeChip[] {
  const work = new Map<string, { id: string; title: string }[]>();
  for (const { id, title, claim } of items.values()) {
    if (claim === null) continue;
    const list = work.get(claim.node) ?? [];
    list.push({ id: shorten(plainText(id), 12), title: plainText(title) });
    work.set(claim.node, list);
  }
  // Who was removed is history, unless it still holds something.
  const shown = [...nodes.values()].filter((node) => !node.removed || work.has(node.id));
  return shown.sort(byStanding).map((node) => ({
    id: node.id,
    name: plainText(node.name) || shorten(node.id, 8),
    role: node.role,
    self: node.self,
    state: nodeState(node),
    lastHeardAtMs: node.lastHeardAt ?? undefined,
    slots: node.slots === 0 ? "no slots" : `${node.slots - node.slotsFree} of ${node.slots} slots in use`,
    workingOn: work.get(node.id) ?? [],
  }));
}

function nodeState(node: BoardNode): NodeChip["state"] {
  if (node.removed) return "removed";
  return node.alive ? "alive" : "silent";
}

/** This node, then the living, the silent and the removed, each by name. */
function byStanding(left: BoardNode, right: BoardNode): number {
  const standing = (node: BoardNode): number => (node.self ? 0 : { alive: 1, silent: 2, removed: 3 }[nodeState(node)]);
  return standing(left) - standing(right) || (left.name + left.id < right.name + right.id ? -1 : 1);
}

/** Expired leases first: they are what somebody may want to look at. */
function viewClaims({ items }: BoardMaps): readonly ClaimChip[] {
  return [...items.values()]
    .flatMap((item) => (item.claim === null ? [] : [{ item, lease: viewLease(item.claim, item.activity) }]))
    .sort(
      (left, right) =>
        Number(right.lease.state === "expired") - Number(left.lease.state === "expired") ||
        left.lease.sinceMs - right.lease.sinceMs ||
        byId(left.item, right.item),
    )
    .map(({ item, lease }) => ({ item: item.id, title: plainText(item.title) || "(no title)", lease }));
}
