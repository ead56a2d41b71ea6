/** `skein stuck` as people read it: each item with its causes, and below each cause the line that ends it. */
import type { Json } from "@skein/node";

import { rows, text, whenOf } from "./present-parts.ts";

export function stuckPage(value: Json): string {
  const items = rows(value);
  if (items.length === 0) return "Nothing is stuck: what was started moves, or waits its turn.";
  const pages = items.map((item) => [
    `${text(item["item"])}  ${text(item["stage"])}  ${text(item["title"])}`,
    ...rows(item["causes"]).flatMap((cause) => {
      const until = cause["until"] === null ? "" : `, until ${whenOf(cause["until"])}`;
      return [
        `  since ${whenOf(cause["since"])}${until}: ${withStop(text(cause["why"]))}`,
        `    ${text(cause["exit"])}`,
      ];
    }),
  ]);
  return pages.map((lines) => lines.join("\n")).join("\n\n");
}

/** What an agent asks ends with a mark of its own. */
const withStop = (sentence: string): string => (/[.?!]$/.test(sentence) ? sentence : `${sentence}.`);
