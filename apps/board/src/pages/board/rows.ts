/** What stands below each other in a column: cards, heads of groups, and how many older ones are folded away. Pure. */
import type { BoardItem } from "@skein/core";
import { plainText, shorten } from "../../text.ts";
import type { Filter } from "./filter.ts";

export type Row =
  | { readonly type: "card"; readonly key: string; readonly item: BoardItem }
  | { readonly type: "group"; readonly key: string; readonly title: string; readonly count: number }
  | { readonly type: "more"; readonly key: string; readonly count: number };

export interface Rows {
  readonly rows: readonly Row[];
  /** How many items match; a card may stand in two groups. */
  readonly shown: number;
  readonly count: number;
}

export interface RowsOptions {
  readonly matches: ((item: BoardItem) => boolean) | undefined;
  readonly group: Filter["group"];
  /** What items without the one that is grouped by stand under. */
  readonly rest: string;
  /** At most this many items; finished work piles up for ever. */
  readonly limit: number;
}

export function rowsOf(items: readonly BoardItem[], { matches, group, rest, limit }: RowsOptions): Rows {
  const matching = matches === undefined ? items : items.filter(matches);
  const shown = matching.length > limit ? matching.slice(0, limit) : matching;
  const hidden = matching.length - shown.length;
  const rows: Row[] = group === "" ? shown.map((item) => card(item, "")) : grouped(shown, group, rest);
  if (hidden > 0) rows.push({ type: "more", key: "more", count: hidden });
  return { rows, shown: matching.length, count: items.length };
}

const card = (item: BoardItem, group: string): Row => ({
  type: "card",
  key: group === "" ? item.id : `${item.id} ${group}`,
  item,
});

function grouped(items: readonly BoardItem[], by: Exclude<Filter["group"], "">, rest: string): Row[] {
  const groups = new Map<string, { readonly title: string; readonly items: BoardItem[] }>();
  for (const item of items) {
    const places = PLACES[by](item);
    for (const { key, title } of places.length === 0 ? [{ key: "", title: rest }] : places) {
      const group = groups.get(key);
      if (group === undefined) groups.set(key, { title, items: [item] });
      else group.items.push(item);
    }
  }
  return [...groups]
    .sort(([left], [right]) => Number(left === "") - Number(right === "") || (left < right ? -1 : 1))
    .flatMap(([key, { title, items: members }]): Row[] => [
      { type: "group", key: `group ${key}`, title, count: members.length },
      ...members.map((item) => card(item, key || "rest")),
    ]);
}

interface Place {
  readonly key: string;
  readonly title: string;
}

const PLACES: Readonly<Record<Exclude<Filter["group"], "">, (item: BoardItem) => readonly Place[]>> = {
  project: ({ project }) => (project === "" ? [] : [{ key: project, title: plainText(project) }]),
  label: ({ labels }) => [...new Set(labels)].map((label) => ({ key: label, title: plainText(label) })),
  node: ({ claim }) =>
    claim === null ? [] : [{ key: claim.node, title: plainText(claim.nodeName) || shorten(claim.node, 8) }],
};
