/**
 * Who held what when: every claim as a span from its op to what ended it, item by item, the ones that changed last first.
 * A take-over is a claim of an item that somebody still held.
 *
 * The times are those that authors wrote into their ops: for people, and as true as those clocks. Pure. A page costs one look at
 * each item that there is, and the histories of those on it.
 */
import { isLive, type LiveItem } from "../command/find.ts";
import type { View } from "../fold/fold.ts";
import { type HistoryEntry, stateOf } from "../fold/history.ts";
import type { Claim } from "../fold/item-state.ts";
import type { Stage } from "../fold/stage.ts";
import { compareText } from "../kernel/bytes.ts";
import type { FlowRange } from "../op/ranges.ts";
import { beginOf, takenFrom } from "./flow.ts";
import { chainOf, type Naming } from "./project.ts";

export type TimelineSpan = {
  readonly epoch: number;
  /** Member id of who held it. */
  readonly node: string;
  readonly nodeName: string;
  /** Unix ms. */
  readonly startedAt: number;
  /** Null while it is held. */
  readonly endedAt: number | null;
  readonly outcome: "running" | "landed" | "sent-back" | "taken-over" | "released" | "archived" | "alternate";
  /** Who held the item before, when this claim took it over; empty when it was free. */
  readonly tookOverFrom: string;
  /** Whoever held it is not heard any more, and nobody has taken over yet. */
  readonly expired: boolean;
  /** Where the item was under this claim, and since when. */
  readonly stages: readonly { readonly stage: Stage; readonly at: number }[];
  readonly note: string;
};

export type TimelineRow = {
  readonly item: string;
  readonly title: string;
  readonly stage: Stage;
  /** The oldest first. */
  readonly spans: readonly TimelineSpan[];
  /** Older spans that are not listed. */
  readonly left: number;
};

export type Timeline = {
  readonly range: FlowRange;
  readonly from: number;
  readonly until: number;
  readonly rows: readonly TimelineRow[];
  /** Where the next page begins; null behind the last one. */
  readonly next: string | null;
};

const ROWS = 200;
/** Of one item: whoever claims it again and again does not fill the page. */
const SPANS = 40;

/** `cursor`: the `next` of the page before; undefined for the first. */
export function timelineOf(
  view: View,
  naming: Pick<Naming, "nameOf" | "isExpired">,
  range: FlowRange,
  now: number,
  cursor?: string,
): Timeline {
  const from = beginOf(range, now);
  const after = placeIn(cursor);
  const waiting = [...view.items.values()]
    .filter(isLive)
    .filter(({ updatedAt, best }) => updatedAt >= from && best.state.epoch > 0)
    .filter((item) => after === undefined || compareRecent(item, after) > 0)
    .toSorted(compareRecent);
  const page = waiting.slice(0, ROWS);
  const last = page.at(-1);
  const rows = page.map((item) => rowOf(item, from, naming)).filter(({ spans }) => spans.length > 0);
  const next = last === undefined || waiting.length <= ROWS ? null : `${last.updatedAt}-${last.id}`;
  return { range, from, until: now, rows, next };
}

type Place = Pick<LiveItem, "updatedAt" | "id">;

const compareRecent = (a: Place, b: Place): number => b.updatedAt - a.updatedAt || compareText(a.id, b.id);

/** Undefined for what was never a cursor, too: that is the first page. */
function placeIn(cursor: string | undefined): Place | undefined {
  const [, updatedAt, id] = /^(\d{1,16})-([0-9a-z]{12})$/.exec(cursor ?? "") ?? [];
  return updatedAt === undefined || id === undefined ? undefined : { updatedAt: Number(updatedAt), id };
}

function rowOf(item: LiveItem, from: number, naming: Pick<Naming, "nameOf" | "isExpired">): TimelineRow {
  const winning = chainOf(item, item.best.id).toReversed();
  const all = [...winningSpans(item, winning, naming), ...alternateSpans(item, winning, naming)]
    .filter(({ endedAt }) => endedAt === null || endedAt >= from)
    .toSorted((a, b) => a.startedAt - b.startedAt || a.epoch - b.epoch);
  return {
    item: item.id,
    title: item.registers.title.value,
    stage: item.best.state.stage.stage,
    spans: all.slice(-SPANS),
    left: Math.max(0, all.length - SPANS),
  };
}

const ENDS: Readonly<Record<string, TimelineSpan["outcome"]>> = {
  "item.claim": "taken-over",
  "item.release": "released",
  "item.shelve": "released",
  "item.sendBack": "sent-back",
  "item.land": "landed",
  "item.archive": "archived",
};

const claimMadeBy = (entry: HistoryEntry): Claim | undefined =>
  entry.kind === "item.claim" ? (stateOf(entry)?.claim ?? undefined) : undefined;

function spanOf(
  item: LiveItem,
  entry: HistoryEntry,
  claim: Claim,
  { nameOf }: Pick<Naming, "nameOf">,
): Omit<TimelineSpan, "endedAt" | "outcome" | "note" | "expired"> {
  const before = takenFrom(item, entry);
  return {
    epoch: claim.epoch,
    node: claim.holder,
    nodeName: nameOf(claim.holder),
    startedAt: entry.wall,
    tookOverFrom: before === undefined ? "" : nameOf(before),
    stages: [{ stage: stateOf(entry)?.stage.stage ?? "Coding", at: entry.wall }],
  };
}

/** What counts: each claim of the winning branch, up to the op that ended it. */
function winningSpans(
  item: LiveItem,
  winning: readonly HistoryEntry[],
  naming: Pick<Naming, "nameOf" | "isExpired">,
): readonly TimelineSpan[] {
  const spans: TimelineSpan[] = [];
  let open: Omit<TimelineSpan, "endedAt" | "outcome" | "note" | "expired"> | undefined;
  for (const entry of winning) {
    const state = stateOf(entry);
    const outcome = ENDS[entry.kind];
    if (open !== undefined && outcome !== undefined) {
      spans.push({ ...open, endedAt: entry.wall, outcome, note: state?.note ?? "", expired: false });
      open = undefined;
    }
    const claim = claimMadeBy(entry);
    if (claim !== undefined) open = spanOf(item, entry, claim, naming);
    else if (open !== undefined && state !== undefined)
      open = { ...open, stages: [...open.stages, { stage: state.stage.stage, at: entry.wall }] };
  }
  const { claim } = item.best.state;
  const expired = claim !== null && naming.isExpired(claim);
  return open === undefined ? spans : [...spans, { ...open, endedAt: null, outcome: "running", note: "", expired }];
}

/** Attempts that lost: they ended, as far as anybody can see, with the last op that was written under them. */
function alternateSpans(
  item: LiveItem,
  winning: readonly HistoryEntry[],
  naming: Pick<Naming, "nameOf">,
): readonly TimelineSpan[] {
  const counted = new Set(winning.map(({ id }) => id));
  const lost = [...item.entries.values()].filter(({ id }) => !counted.has(id));
  const lastWall = new Map<string, number>();
  for (const entry of lost) {
    const op = stateOf(entry)?.claim?.op;
    if (op !== undefined) lastWall.set(op, Math.max(entry.wall, lastWall.get(op) ?? 0));
  }
  return lost.flatMap((entry) => {
    const claim = claimMadeBy(entry);
    if (claim === undefined) return [];
    const endedAt = lastWall.get(claim.op) ?? entry.wall;
    const span = spanOf(item, entry, claim, naming);
    return [{ ...span, endedAt, outcome: "alternate", note: "another attempt won", expired: false }];
  });
}
