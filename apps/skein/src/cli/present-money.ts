/** What money the work has taken, as people read it in a terminal. */
import { formatUsd } from "@skein/core";
import type { Json } from "@skein/node";

import { printable } from "../log-output.ts";
import { table } from "./table.ts";

type Fields = { readonly [key: string]: Json };

const fields = (value: Json | undefined): Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};

const rows = (value: Json | undefined): readonly Fields[] => (Array.isArray(value) ? value.map(fields) : []);

const text = (value: Json | undefined): string =>
  value === undefined || value === null ? "" : printable(typeof value === "string" ? value : JSON.stringify(value));

export function costPage(value: Fields): string {
  const listed = rows(value["rows"]);
  if (listed.length === 0) return "No agent has told yet what it costs.";
  const lines = listed.map((row) => {
    const tokens = fields(row["tokens"]);
    const count = (kind: string): string => (tokens[kind] === null ? "unknown" : text(tokens[kind]));
    return [
      text(row["key"]) === "" ? "unknown" : text(row["key"]),
      text(row["cost"]),
      text(row["attempts"]),
      count("input"),
      count("output"),
      count("cacheRead"),
      count("cacheWrite"),
      text(row["title"]),
    ];
  });
  const heading = [
    text(value["by"]).toUpperCase(),
    "COST",
    "ATTEMPTS",
    "IN",
    "OUT",
    "CACHE READ",
    "CACHE WRITTEN",
    "TITLE",
  ];
  return `${table(heading, lines)}\n\nIn all: ${text(value["cost"])}.`;
}

export function budgetPage(value: Fields): string {
  if (value["perDay"] === null) return "The mesh has no budget. `skein budget set 20/day` gives it one.";
  const money = (amount: Json | undefined): string =>
    typeof amount !== "number" ? "" : amount < 0 ? `-${formatUsd(-amount)}` : formatUsd(amount);
  const columns = ["share", "received", "given", "spent", "reserved", "left"] as const;
  const lines = rows(value["members"]).map((one) => [text(one["name"]), ...columns.map((name) => money(one[name]))]);
  const page = [
    `All nodes together may spend ${money(value["perDay"])} on ${text(value["today"])} (UTC); ${money(value["spent"])} of it is spent.`,
    "",
    table(["NODE", "SHARE", "RECEIVED", "GIVEN", "SPENT", "SET ASIDE", "LEFT"], lines),
  ];
  const wrong = Array.isArray(value["overdrafts"]) ? value["overdrafts"].map((one: Json) => text(one)) : [];
  return [...page, ...(wrong.length === 0 ? [] : ["", ...wrong])].join("\n");
}
