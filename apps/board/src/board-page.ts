/** The parts of the page that follow the board: six columns, the nodes, the claims, and the way between the columns. */
import { COLUMN_TITLES, type BoardView, type Column } from "./board-view.ts";
import { byId, element } from "./dom.ts";
import { drawCard, drawClaim, drawNode } from "./draw.ts";
import { createKeyedList, type Entry } from "./keyed-list.ts";

export type ShowBoard = (view: BoardView) => void;

export function createBoardPage(): ShowBoard {
  const showNodes = createStrip("nodes", "No node has been heard.");
  const showClaims = createStrip("claims", "Nobody holds anything.");
  const board = byId("board", HTMLElement);
  const stages = byId("stages", HTMLElement);
  const columns = new Map(
    COLUMN_TITLES.map(([stage, title]) => {
      const column = createColumn(stage, title);
      board.append(column.section);
      stages.append(column.link);
      return [stage, column.show] as const;
    }),
  );
  return (view) => {
    showNodes(view.nodes.map((node) => entry(node.id, node, drawNode)));
    showClaims(view.claims.map((claim) => entry(claim.item, claim, drawClaim)));
    for (const column of view.columns) columns.get(column.stage)?.(column);
  };
}

function entry<T>(key: string, value: T, draw: (value: T) => HTMLElement): Entry {
  return { key, content: JSON.stringify(value), draw: () => draw(value) };
}

function createStrip(id: string, emptyText: string): (entries: readonly Entry[]) => void {
  const list = createKeyedList(byId(id, HTMLElement));
  const count = byId(`${id}-count`, HTMLElement);
  const empty: Entry = { key: "", content: "", draw: () => element("li", { class: "empty" }, emptyText) };
  return (entries) => {
    setText(count, String(entries.length));
    list(entries.length === 0 ? [empty] : entries);
  };
}

interface ColumnPart {
  readonly section: HTMLElement;
  /** Leads to the column where they stand below each other. */
  readonly link: HTMLElement;
  readonly show: (column: Column) => void;
}

function createColumn(stage: string, title: string): ColumnPart {
  const id = `stage-${stage.toLowerCase()}`;
  const count = element("span", { class: "count" });
  const linkCount = element("span", { class: "count" });
  const cards = element("ol", { class: "cards" });
  const more = element("p", { class: "more" });
  const section = element(
    "section",
    { class: "column", "aria-labelledby": `${id}-title`, id },
    element("h2", { id: `${id}-title` }, title, " ", count),
    cards,
    more,
  );
  const link = element("a", { href: `#${id}` }, title, " ", linkCount);
  const list = createKeyedList(cards);
  const show = (column: Column): void => {
    setText(count, String(column.count));
    setText(linkCount, String(column.count));
    list(column.cards.map((card) => entry(card.id, card, drawCard)));
    setText(more, moreText(column));
  };
  return { section, link, show };
}

function moreText({ count, cards }: Column): string {
  if (count === 0) return "Nothing here";
  return count > cards.length ? `The latest ${cards.length} of ${count}` : "";
}

function setText(target: HTMLElement, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}
