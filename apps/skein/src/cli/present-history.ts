/** What happened to an item, what attempts have changed, and what people said of it, as read in a terminal. */
import type { Json } from "@skein/node";

import { printable } from "../log-output.ts";
import { type Fields, fields, rows, text } from "./present-parts.ts";
import { table } from "./table.ts";

export const historyTable = (entries: readonly Fields[]): string =>
  table(
    ["", "LAMPORT", "OP", "ON", "KIND", "STAGE", "BY", "WHAT"],
    entries.map((entry) => [
      entry["winning"] === true ? "*" : entry["outcome"] === "rejected" ? "x" : " ",
      text(entry["lamport"]),
      text(entry["op"]).slice(0, 8),
      text(entry["on"]).slice(0, 8),
      text(entry["kind"]),
      text(entry["stage"]),
      entry["by"] === null ? text(entry["authorName"]) : `${text(entry["by"])} via ${text(entry["authorName"])}`,
      text(entry["reason"] ?? entry["words"] ?? null),
    ]),
  );

export function diffPage(value: Json): string {
  const diff = fields(value);
  const files = rows(diff["files"]);
  const [base, tip] = [text(diff["base"]), text(diff["tip"])].map((oid) => oid.slice(0, 12));
  const lines = [`Epoch ${text(diff["epoch"])} on ${text(diff["branch"])}: ${tip} against ${base}`];
  if (files.length === 0) lines.push("It changes nothing.");
  for (const file of files) {
    const patch = file["patch"];
    if (typeof patch === "string") lines.push("", ...patch.replace(/\n$/u, "").split("\n").map(printable));
    else lines.push("", `${text(file["path"])}: ${text(file["change"])}, and too long to be shown.`);
  }
  const left = Number(diff["filesLeftOut"] ?? 0);
  if (left > 0) lines.push("", `${left} more ${left === 1 ? "file is" : "files are"} left out.`);
  return lines.join("\n");
}

/** Nothing where nobody has commented. */
export function commentTable(comments: readonly Fields[]): readonly string[] {
  if (comments.length === 0) return [];
  const cells = comments.map((one) => [
    new Date(Number(one["at"])).toISOString(),
    text(one["by"]),
    text(one["epoch"]),
    placeOf(one),
    text(one["text"]),
  ]);
  return ["", table(["COMMENTED AT", "BY", "EPOCH", "PLACE", "COMMENT"], cells)];
}

const placeOf = (one: Fields): string =>
  one["path"] === "" ? "" : `${text(one["path"])}${one["line"] === 0 ? "" : `:${text(one["line"])}`}`;
