/**
 * What a card and the strips above the columns say, as plain data made from the board's maps: every word, fit to be
 * shown. Pure, so that it is tested without a browser; drawing it is a matter of text nodes.
 */
import type { Board, BoardClaim, BoardItem, BoardNode } from "@skein/core";
import { type HolderState, holderState, type Known } from "../../parts/holder.ts";
import { plainText, shorten } from "../../text.ts";
import { cardTexts } from "../../texts/board.ts";
import { missingOf } from "./filter.ts";

export interface Card {
  readonly item: BoardItem;
  readonly title: string;
  readonly shortId: string;
  readonly type: string;
  readonly labels: readonly string[];
  readonly lease: Lease | undefined;
  /** Short facts about the work so far, such as "2 attempts". */
  readonly facts: readonly string[];
  readonly notices: readonly Notice[];
  readonly code: Code | undefined;
}

export interface Lease {
  readonly claim: BoardClaim;
  readonly holder: string;
  readonly state: HolderState;
  /** What the holder says it is doing; empty when it says nothing, or is not heard now. */
  readonly activity: string;
}

export interface Notice {
  readonly type: keyof typeof cardTexts.notices;
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
  /** `unknown`: nobody says anything of it now. */
  readonly state: "alive" | "resting" | "silent" | "unknown" | "removed";
  /** Why it takes no work, by the word of people; empty when it does. */
  readonly standby: string;
  readonly lastHeardAtMs: number | undefined;
  readonly slots: string;
  readonly workingOn: readonly { readonly id: string; readonly title: string }[];
}

export interface ClaimChip {
  readonly item: string;
  readonly title: string;
  readonly lease: Lease;
}

/** What cards are made of: the board, and whether anybody says by now that it is so. */
type CardsOf = Pick<Board, "items" | "queue"> & Known;

/** The same card as before when neither the item changed nor what it says of others. */
export function createCards(): (board: CardsOf, item: BoardItem) => Card {
  const cards = new WeakMap<BoardItem, { readonly around: string; readonly card: Card }>();
  return ({ items, queue, ...known }, item) => {
    const missing = missingOf(item, items).map((id) => nameOf(id, items));
    const place = item.stage === "Merge" ? queue.get(item.id)?.position : undefined;
    const lease = item.claim === null ? undefined : viewLease(known, item.claim, item.activity);
    const around = `${place} ${lease?.state} ${missing.join(", ")}`;
    const before = cards.get(item);
    if (before?.around === around) return before.card;
    const card = viewCard(item, { missing, place, lease });
    cards.set(item, { around, card });
    return card;
  };
}

const NAME_LENGTH = 48;

/** What people call an item; its id where this node has never heard of it. */
function nameOf(id: string, items: Board["items"]): string {
  const other = items.get(id);
  return other === undefined ? plainText(id) : cardTexts.named(shorten(titleOf(other), NAME_LENGTH));
}

interface Around {
  /** The names of what it waits for. */
  readonly missing: readonly string[];
  readonly place: number | undefined;
  readonly lease: Lease | undefined;
}

function viewCard(item: BoardItem, around: Around): Card {
  return {
    item,
    title: titleOf(item),
    shortId: shorten(plainText(item.id), 12),
    type: plainText(item.type),
    labels: item.labels.map(plainText),
    lease: around.lease,
    facts: viewFacts(item, around),
    notices: viewNotices(item, around),
    code: viewCode(item),
  };
}

export const titleOf = ({ title }: Pick<BoardItem, "title">): string => plainText(title) || cardTexts.untitled;

function viewLease(known: Known, claim: BoardClaim, activity: string): Lease {
  const state = holderState(known, claim);
  return {
    claim,
    holder: plainText(claim.nodeName) || shorten(claim.node, 8),
    state,
    // What a holder said before it fell silent is not what it is doing now.
    activity: state === "alive" ? plainText(activity) : "",
  };
}

function viewFacts(item: BoardItem, { place }: Around): readonly string[] {
  const facts: string[] = [];
  if (place !== undefined) facts.push(cardTexts.queue(place));
  const finished = item.stage === "Done" || item.stage === "Archived";
  if (item.claim === null && item.epoch > 0 && !finished) facts.push(cardTexts.epoch(item.epoch));
  if (item.attempts > 0) facts.push(cardTexts.attempts(item.attempts));
  if (item.commitsAhead !== null) facts.push(cardTexts.commits(item.commitsAhead));
  return facts;
}

function viewNotices(item: BoardItem, { missing }: Around): readonly Notice[] {
  const notices: Notice[] = [];
  if (item.landing === "refuted") {
    const commit = plainText(item.mergeCommit ?? "").slice(0, 10);
    notices.push({ type: "refuted", text: cardTexts.refuted(commit) });
  }
  if (item.hold !== "") notices.push({ type: "hold", text: plainText(item.hold) });
  if (item.archiveReason !== null) notices.push({ type: "archived", text: cardTexts.archived[item.archiveReason] });
  if (missing.length > 0) notices.push({ type: "waits", text: missing.join(", ") });
  if (item.awaitsPerson) notices.push({ type: "awaits", text: cardTexts.awaits });
  for (const { text, options } of item.questions) {
    const choice = options.length === 0 ? "" : ` (${options.join(", ")})`;
    notices.push({ type: "asks", text: plainText(`${text}${choice}`) });
  }
  if (item.note !== "") notices.push({ type: "note", text: plainText(item.note) });
  return notices;
}

function viewCode(item: BoardItem): Code | undefined {
  if (item.mergeCommit !== null && item.landing !== "refuted") {
    return { type: "merge commit", text: item.mergeCommit.slice(0, 10), atMs: item.mergedAt ?? undefined };
  }
  if (item.branch !== null) return { type: "branch", text: plainText(item.branch), atMs: undefined };
  return undefined;
}

export function viewNodes({ items, nodes, isLive }: Pick<Board, "items"> & Known): readonly NodeChip[] {
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
    state: isLive || node.removed ? nodeState(node) : "unknown",
    standby: plainText(node.standby ?? ""),
    lastHeardAtMs: node.lastHeardAt ?? undefined,
    slots: node.slots === 0 ? cardTexts.noSlots : cardTexts.slots(node.slots - node.slotsFree, node.slots),
    workingOn: work.get(node.id) ?? [],
  }));
}

function nodeState(node: BoardNode): Exclude<NodeChip["state"], "unknown"> {
  if (node.removed) return "removed";
  if (!node.alive) return "silent";
  return (node.standby ?? "") === "" ? "alive" : "resting";
}

/** `draining: the disk is swapped` begins with the word for it. */
export const standbyWord = (standby: string): string => standby.split(": ", 1)[0] ?? standby;

/** This node, then the living, those of them that take no work, the silent and the removed, each by name. */
function byStanding(left: BoardNode, right: BoardNode): number {
  const standing = (node: BoardNode): number =>
    node.self ? 0 : { alive: 1, resting: 2, silent: 3, removed: 4 }[nodeState(node)];
  return standing(left) - standing(right) || (left.name + left.id < right.name + right.id ? -1 : 1);
}

/** Expired leases first: they are what somebody may want to look at. */
export function viewClaims({ items, ...known }: Pick<Board, "items"> & Known): readonly ClaimChip[] {
  return [...items.values()]
    .flatMap((item) => (item.claim === null ? [] : [{ item, lease: viewLease(known, item.claim, item.activity) }]))
    .sort(
      (left, right) =>
        Number(right.lease.claim.expired) - Number(left.lease.claim.expired) ||
        left.lease.claim.since - right.lease.claim.since ||
        (left.item.id < right.item.id ? -1 : 1),
    )
    .map(({ item, lease }) => ({ item: item.id, title: titleOf(item), lease }));
}
