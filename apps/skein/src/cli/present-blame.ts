/** `skein queue blame` as people read it. */
import type { Json } from "@skein/node";

import { fields, rows, text, whenOf } from "./present-parts.ts";
import { table } from "./table.ts";

export function blamePage(value: Json): string {
  const blame = fields(value);
  const lines = [...modeLines(blame), ...headLines(blame), ...targetLines(blame)];
  const red = rows(blame["red"]).map((one) => [
    whenOf(one["at"]),
    text(one["item"]),
    text(one["attempt"]),
    text(one["author"]),
    text(one["ranOn"]),
    text(one["what"]),
  ]);
  if (red.length > 0) lines.push("", table(["AT", "ITEM", "EPOCH", "AUTHOR", "FOUND BY", "WENT WRONG"], red));
  return lines.join("\n");
}

type Fields = ReturnType<typeof fields>;

function modeLines({ mode, note, modeBy, modeSince }: Fields): readonly string[] {
  if (mode === "open") return [];
  const because = note === "" ? "" : `: ${text(note)}`;
  return [`The merge queue is ${text(mode)} since ${whenOf(modeSince)}, by ${text(modeBy)}${because}.`];
}

function headLines(blame: Fields): readonly string[] {
  const aside = rows(blame["aside"]).map((one) => `  ${text(one["item"])}  ${text(one["title"])}: ${text(one["why"])}`);
  if (blame["head"] === null) return ["Nothing is in line.", ...aside];
  const head = fields(blame["head"]);
  const holder =
    head["holder"] === null
      ? "nobody holds it"
      : `${text(head["holder"])} holds it since ${whenOf(head["heldSince"])}${head["expired"] === true ? " and is silent" : ""}`;
  const why = Array.isArray(head["why"]) ? head["why"] : [];
  return [
    `The head is ${text(head["item"])}, ${text(head["title"])}: in the queue since ${whenOf(head["inQueueSince"])}, ${holder}.`,
    ...why.map((reason: Json) => `  ${text(reason)}`),
    `${text(blame["behind"])} behind it.`,
    ...aside,
  ];
}

function targetLines({ target }: Fields): readonly string[] {
  if (target === null) return [];
  const { commit, since, sinceMs } = fields(target);
  return [
    `The target branch is red by itself at ${text(commit).slice(0, 12)}, since ${text(since).slice(0, 12)} (${whenOf(sinceMs)}). Mend it there.`,
  ];
}
