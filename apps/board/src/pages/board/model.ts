/** What the board page knows while it is open, as signals: what is shown, and what somebody is doing with it. */
import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Board, BoardItem, Stage } from "@skein/core";
import { address, replaceQuery } from "../../frame/router.ts";
import { maySteer } from "../../parts/rights.ts";
import type { Session } from "../../session.ts";
import { boardTexts } from "../../texts/board.ts";
import { COLUMN_STAGES, type Columns, columnsOf } from "./columns.ts";
import { type Cursor, type Direction, stepFrom } from "./cursor.ts";
import { type Filter, filterIn, labelsOf, matcherOf } from "./filter.ts";
import type { Hearing } from "./lease.ts";
import { type Rows, rowsOf } from "./rows.ts";
import { type Card, type ClaimChip, createCards, type NodeChip, viewClaims, viewNodes } from "./view.ts";

/** Finished work piles up for ever: the newest of it are shown until somebody asks for the rest. */
const FINISHED_SHOWN = 50;

export interface BoardModel {
  readonly session: Session;
  readonly filter: ReadonlySignal<Filter>;
  readonly rows: Readonly<Record<Stage, ReadonlySignal<Rows>>>;
  readonly nodes: ReadonlySignal<readonly NodeChip[]>;
  readonly claims: ReadonlySignal<readonly ClaimChip[]>;
  readonly labels: ReadonlySignal<readonly string[]>;
  readonly hearing: ReadonlySignal<Hearing>;
  /** Whoever is signed in may change the board. */
  readonly mayChange: ReadonlySignal<boolean>;
  /** The card that has, or had last, the keyboard. */
  readonly cursor: Signal<Cursor | undefined>;
  /** The cursor's card shall get the focus as soon as it is drawn. */
  readonly focusing: Signal<boolean>;
  readonly dragging: Signal<BoardItem | undefined>;
  /** Id of the item whose actions are open. */
  readonly acting: Signal<string | undefined>;
  readonly adding: Signal<boolean>;
  readonly cardOf: (item: BoardItem) => Card;
  setFilter(change: Partial<Filter>): void;
  showAll(stage: Stage): void;
  step(direction: Direction): void;
}

export function createModel(session: Session): BoardModel {
  const { board } = session;
  const filter = computed(() => filterIn(address.value.query));
  const expanded = signal<ReadonlySet<Stage>>(new Set());
  let before: Columns | undefined;
  const columns = computed(() => (before = columnsOf(board.value, before)));
  const rows = rowSignals({ columns, filter, expanded });
  const nodesMap = computed(() => board.value.nodes);
  const isLive = computed(() => session.connection.value.type === "live");
  const cursor = signal<Cursor | undefined>(undefined);
  const focusing = signal(false);
  const cards = createCards();
  return {
    session,
    filter,
    rows,
    nodes: computed(() => viewNodes({ ...board.value, isLive: isLive.value })),
    claims: computed(() => viewClaims({ ...board.value, isLive: isLive.value })),
    labels: computed(() => labelsOf(board.value.items)),
    hearing: computed(() => ({ nodes: nodesMap.value, takenAtMs: performance.now() })),
    mayChange: computed(() => maySteer(session)),
    cursor,
    focusing,
    dragging: signal(undefined),
    acting: signal(undefined),
    adding: signal(false),
    cardOf: (item) => cards({ ...board.value, isLive: isLive.value }, item),
    setFilter: (change) => replaceQuery({ ...filter.peek(), ...change }),
    showAll: (stage) => (expanded.value = new Set([...expanded.peek(), stage])),
    step: (direction) => {
      const next = stepFrom(cursor.peek(), direction, (stage) => rows[stage].peek().rows);
      if (next === undefined) return;
      cursor.value = next;
      focusing.value = true;
    },
  };
}

interface Shown {
  readonly columns: ReadonlySignal<Columns>;
  readonly filter: ReadonlySignal<Filter>;
  readonly expanded: ReadonlySignal<ReadonlySet<Stage>>;
}

const NO_ITEMS: Board["items"] = new Map();

/** Each column's rows follow its own items alone, so that what happens in one costs the others nothing. */
function rowSignals({ columns, filter, expanded }: Shown): BoardModel["rows"] {
  const matches = computed(() => {
    // Of all filters this one alone looks at other items, and has to be asked again whenever one changes.
    const looksAround = filter.value.state === "waits";
    return matcherOf(filter.value, looksAround ? columns.value.items : NO_ITEMS);
  });
  const signals = COLUMN_STAGES.map((stage) => {
    const items = computed(() => columns.value.byStage[stage]);
    const isLong = stage === "Done" || stage === "Archived";
    const made = computed(() => {
      const { group } = filter.value;
      const limit = isLong && !expanded.value.has(stage) ? FINISHED_SHOWN : Number.POSITIVE_INFINITY;
      const rest = group === "" ? "" : boardTexts.groupEmpty[group];
      return rowsOf(items.value, { matches: matches.value, group, rest, limit });
    });
    return [stage, made] as const;
  });
  // Built from the complete list of stages.
  return Object.fromEntries(signals) as BoardModel["rows"];
}
