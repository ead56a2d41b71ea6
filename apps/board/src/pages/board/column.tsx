/** A column: only the rows in sight are drawn, and while a card is dragged it says whether it takes that card. */
import { dropTargetForElements } from "@atlaskit/pragmatic-drag-and-drop/element/adapter";
import { useSignal } from "@preact/signals";
import { planMove } from "@skein/core/move";
import type { Stage } from "@skein/core";
import type { VirtualItem, Virtualizer } from "@tanstack/virtual-core";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { boardTexts, cardTexts } from "../../texts/board.ts";
import { movable, moveItem } from "./act.ts";
import { CardPart } from "./card.tsx";
import type { BoardModel } from "./model.ts";
import type { Row } from "./rows.ts";
import { useVirtual } from "./use-virtual.ts";
import type { Card } from "./view.ts";

export interface ColumnProps {
  readonly model: BoardModel;
  readonly stage: Stage;
}

export const columnId = (stage: Stage): string => `stage-${stage.toLowerCase()}`;

const CARD_PX = 92;
const GROUP_PX = 30;
const GAP_PX = 8;

export function ColumnPart({ model, stage }: ColumnProps): JSX.Element {
  const scroller = useRef<HTMLDivElement>(null);
  const { rows, shown, count } = model.rows[stage].value;
  const keys = useMemo(() => rows.map(({ key }) => key), [rows]);
  const list = useVirtual({
    scroller,
    keys,
    estimate: (index) => (rows[index]?.type === "card" ? CARD_PX : GROUP_PX),
    gap: GAP_PX,
  });
  const drop = useDrop(model, stage);
  useFocus(model, { list, keys, scroller });
  const id = columnId(stage);
  const inSight = list.getVirtualItems();
  return (
    <section
      ref={drop.section}
      class="column"
      id={id}
      aria-labelledby={`${id}-title`}
      data-drop={drop.verdict?.possible === true ? (drop.isOver ? "over" : "possible") : drop.verdict && "refused"}
    >
      <h2 id={`${id}-title`}>
        {cardTexts.stages[stage]} <span class="count">{boardTexts.countOf(shown, count)}</span>
      </h2>
      {drop.verdict === undefined ? null : <p class="drop-word">{drop.word}</p>}
      <div class="cards" ref={scroller} data-hands-on>
        {rows.length === 0 ? (
          <p class="empty">{count === 0 ? boardTexts.nothingHere : boardTexts.nothingMatches}</p>
        ) : (
          <ol class="rows" style={{ height: `${list.getTotalSize()}px` }}>
            <Rows model={model} stage={stage} rows={rows} inSight={inSight} list={list} />
          </ol>
        )}
      </div>
    </section>
  );
}

interface RowsProps extends ColumnProps {
  readonly rows: readonly Row[];
  readonly inSight: readonly VirtualItem[];
  readonly list: Virtualizer<HTMLElement, HTMLElement>;
}

interface Drawn {
  readonly card: Card;
  readonly isStop: boolean;
  readonly node: JSX.Element;
}

function Rows({ model, stage, rows, inSight, list }: RowsProps): JSX.Element {
  const drawn = useRef(new Map<string, Drawn>());
  const stop = stopOf(model, stage, { rows, inSight });
  const next = new Map<string, Drawn>();
  const draw = (row: Row): ComponentChildren => {
    if (row.type === "group") return <GroupHead row={row} />;
    if (row.type === "more")
      return <More model={model} stage={stage} row={row} last={rows.findLast(({ type }) => type === "card")?.key} />;
    const card = model.cardOf(row.item);
    const isStop = row.key === stop;
    const known = drawn.current.get(row.key);
    // The very same node again: the renderer then leaves the card alone, which is what makes scrolling cheap.
    const kept =
      known?.card === card && known.isStop === isStop
        ? known
        : { card, isStop, node: <CardPart model={model} card={card} isStop={isStop} /> };
    next.set(row.key, kept);
    return kept.node;
  };
  const shown = inSight.map(({ index, key, start }) => {
    const row = rows[index];
    return row === undefined ? null : (
      <li
        key={key}
        ref={list.measureElement}
        class="row"
        data-index={index}
        data-key={row.key}
        aria-setsize={rows.length}
        aria-posinset={index + 1}
        style={{ transform: `translateY(${start}px)` }}
        onFocusIn={row.type === "card" ? () => (model.cursor.value = { stage, key: row.key }) : undefined}
      >
        {draw(row)}
      </li>
    );
  });
  drawn.current = next;
  return <>{shown}</>;
}

/** The card of the column that the tab key stops at: the cursor's while it is in sight, otherwise the first in sight. */
function stopOf(
  model: BoardModel,
  stage: Stage,
  { rows, inSight }: Pick<RowsProps, "rows" | "inSight">,
): string | undefined {
  const cursor = model.cursor.value;
  const cards = inSight.flatMap(({ index }) => (rows[index]?.type === "card" ? [rows[index].key] : []));
  return cursor?.stage === stage && cards.includes(cursor.key) ? cursor.key : cards[0];
}

function GroupHead({ row }: { readonly row: Extract<Row, { readonly type: "group" }> }): JSX.Element {
  return (
    <p class="group-head">
      <bdi>{row.title}</bdi> <span class="count">{row.count}</span>
    </p>
  );
}

interface MoreProps extends ColumnProps {
  readonly row: Extract<Row, { readonly type: "more" }>;
  /** The last card above. */
  readonly last: string | undefined;
}

function More({ model, stage, row, last }: MoreProps): JSX.Element {
  const show = (): void => {
    model.showAll(stage);
    if (last === undefined) return;
    // The button is gone by then; the keys go on from the last card that was there.
    model.cursor.value = { stage, key: last };
    model.focusing.value = true;
  };
  return (
    <button type="button" class="more" onClick={show}>
      {boardTexts.showAll(row.count)}
    </button>
  );
}

interface Focused {
  readonly list: Virtualizer<HTMLElement, HTMLElement>;
  readonly keys: readonly string[];
  readonly scroller: { readonly current: HTMLElement | null };
}

/**
 * Gives the focus to the cursor's card once it is drawn, and has it drawn when it is out of sight. A card that goes to another
 * column takes the focus along.
 */
function useFocus(model: BoardModel, { list, keys, scroller }: Focused): void {
  const cursor = model.cursor.value;
  const isWanted = model.focusing.value && cursor !== undefined && keys.includes(cursor.key);
  // Before the drawing of now has taken anything out.
  const hadFocus = scroller.current?.contains(document.activeElement) === true;
  useLayoutEffect(() => {
    if (hadFocus && cursor !== undefined && !keys.includes(cursor.key)) model.focusing.value = true;
    if (!isWanted) return;
    // Whoever has gone on to a field meanwhile is not called back.
    if (document.activeElement?.closest("input, select, textarea, dialog") != null) {
      model.focusing.value = false;
      return;
    }
    const found = scroller.current?.querySelector(`[data-key="${CSS.escape(cursor.key)}"] .card-link`);
    if (found instanceof HTMLElement) {
      model.focusing.value = false;
      found.focus();
    } else list.scrollToIndex(keys.indexOf(cursor.key));
  });
}

interface Drop {
  readonly section: { current: HTMLElement | null };
  /** Undefined while nothing is dragged, and in the column that it comes from. */
  readonly verdict: ReturnType<typeof planMove> | undefined;
  readonly word: string;
  readonly isOver: boolean;
}

function useDrop(model: BoardModel, stage: Stage): Drop {
  const section = useRef<HTMLElement>(null);
  const isOver = useSignal(false);
  useEffect(() => {
    if (section.current === null) return undefined;
    return dropTargetForElements({
      element: section.current,
      canDrop: () => {
        const item = model.dragging.peek();
        return item !== undefined && item.stage !== stage && planMove(movable(item), stage).possible;
      },
      onDragEnter: () => (isOver.value = true),
      onDragLeave: () => (isOver.value = false),
      onDrop: ({ source }) => {
        isOver.value = false;
        // Its card has been told before that the dragging is over.
        const item = model.session.board.peek().items.get(String(source.data["item"]));
        if (item !== undefined) void moveItem(model.session, item, stage);
      },
    });
  }, [model, stage, isOver]);
  const item = model.dragging.value;
  const verdict = item === undefined || item.stage === stage ? undefined : planMove(movable(item), stage);
  const word = verdict?.possible === false ? verdict.why : boardTexts.dropHere(cardTexts.stages[stage]);
  return { section, verdict, word, isOver: isOver.value };
}
