/** What somebody has changed of an item's title, labels and priority, as the fields of `item.edit`. Pure. */
import type { BoardItem } from "@skein/core";
import { plainText } from "../../text.ts";

type Fields = Pick<BoardItem, "title" | "labels" | "priority">;

/** As it stands in the dialog; the labels one on each line. */
export interface Typed {
  readonly title: string;
  readonly labels: string;
  readonly priority: number;
}

export const typedOf = ({ title, labels, priority }: Fields): Typed => ({
  title: plainText(title),
  labels: labels.map(plainText).join("\n"),
  priority,
});

/**
 * Only what differs from what the dialog was opened with. Labels are replaced as a whole, so what was added and taken away is
 * done to the labels as they are `now`: those that somebody else has added meanwhile stay.
 */
export function changesOf(opened: Typed, typed: Typed, now: Pick<Fields, "labels">): Partial<Fields> {
  const labels = labelsOf(opened.labels, typed.labels, now.labels);
  const title = typed.title.trim();
  return {
    ...(title === opened.title ? {} : { title }),
    ...(labels === undefined ? {} : { labels }),
    ...(typed.priority === opened.priority ? {} : { priority: typed.priority }),
  };
}

function labelsOf(opened: string, typed: string, now: readonly string[]): readonly string[] | undefined {
  const [before, after] = [linesOf(opened), linesOf(typed)];
  const added = [...after].filter((label) => !before.has(label));
  const gone = new Set([...before].filter((label) => !after.has(label)));
  if (added.length === 0 && gone.size === 0) return undefined;
  const kept = now.filter((label) => !gone.has(plainText(label)));
  const there = new Set(kept.map(plainText));
  return [...kept, ...added.filter((label) => !there.has(label))];
}

const linesOf = (text: string): ReadonlySet<string> =>
  new Set(
    text
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== ""),
  );
