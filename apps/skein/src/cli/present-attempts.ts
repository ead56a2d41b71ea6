/** What a node works on, and what is kept of attempts, as people read it in a terminal. */
import { type Fields, text } from "./present-parts.ts";
import { table } from "./table.ts";

export const effectTable = (effects: readonly Fields[]): string =>
  effects.length === 0
    ? "This node works on nothing."
    : table(
        ["ITEM", "EPOCH", "STATE", "DOING"],
        effects.map((one) => [text(one["item"]), text(one["epoch"]), text(one["state"]), text(one["activity"])]),
      );

export const artifactTable = (kept: readonly Fields[]): string =>
  kept.length === 0
    ? "Nothing is kept yet: files are kept when an attempt ends."
    : table(
        ["DIGEST", "ITEM", "EPOCH", "NODE", "WHAT", "NAME", "BYTES"],
        kept.map((one) =>
          ["digest", "item", "epoch", "nodeName", "sort", "name", "size"].map((field) => text(one[field])),
        ),
      );
