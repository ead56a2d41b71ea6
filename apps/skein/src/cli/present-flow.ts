/** `skein flow` and `skein timeline` as people read them. */
import { formatCost, formatUsd } from "@skein/core";
import type { Json } from "@skein/node";

import { fields, type Fields, rows, text, whenOf } from "./present-parts.ts";
import { table } from "./table.ts";

export function flowPage(flow: Fields): string {
  const steps = rows(flow["steps"]).filter((step) => step["landed"] !== 0);
  const parts = [
    `Since ${whenOf(flow["from"])} (UTC), as the clocks of those who wrote it say: ${landings(flow)}.`,
    ...percentileLine("Lead time (added to landed)", flow["lead"]),
    ...percentileLine("Cycle time (first claim to landed)", flow["cycle"]),
  ];
  const landed = steps.map((step) => [
    whenOf(step["at"]),
    text(step["landed"]),
    duration(step["leadMs"]),
    duration(step["cycleMs"]),
  ]);
  if (landed.length > 0) parts.push("", table(["FROM", "LANDED", "LEAD (MEDIAN)", "CYCLE (MEDIAN)"], landed));
  const failures = rows(flow["failures"]).map((one) => [text(one["reason"]), text(one["count"]), text(one["items"])]);
  if (failures.length > 0) parts.push("", table(["CAME TO NOTHING", "TIMES", "ITEMS"], failures));
  const days = rows(flow["days"]).filter((day) => day["attempts"] !== 0 || day["cap"] !== null);
  if (days.length > 0) parts.push("", table(["DAY", "SPENT", "SET ASIDE", "CAP"], days.map(dayCells)));
  return parts.join("\n");
}

function landings({ landed, unclear }: Fields): string {
  const items = landed === 1 ? "1 item landed" : `${text(landed)} items landed`;
  return unclear === 0 ? items : `${items}, ${text(unclear)} of them with clocks that contradict each other`;
}

function percentileLine(what: string, value: Json | undefined): readonly string[] {
  if (value === null || value === undefined) return [];
  const { p50, p85, p95 } = fields(value);
  return [`${what}: half within ${duration(p50)}, 85 % within ${duration(p85)}, 95 % within ${duration(p95)}.`];
}

function dayCells(day: Fields): readonly string[] {
  const [microUsd, unknown, attempts] = [Number(day["microUsd"]), Number(day["unknown"]), Number(day["attempts"])];
  return [
    text(day["day"]),
    attempts === 0 ? "no work" : formatCost({ microUsd, unknown, attempts }),
    formatUsd(Number(day["reserved"])),
    typeof day["cap"] === "number" ? formatUsd(day["cap"]) : "none",
  ];
}

export function timelinePage(timeline: Fields): string {
  const lines = rows(timeline["rows"]).flatMap((row) =>
    rows(row["spans"]).map((span) => [
      text(row["item"]),
      text(span["epoch"]),
      whenOf(span["startedAt"]),
      span["endedAt"] === null ? "" : whenOf(span["endedAt"]),
      text(span["nodeName"]),
      span["expired"] === true ? "silent" : text(span["outcome"]),
      text(span["tookOverFrom"]) === "" ? "" : `from ${text(span["tookOverFrom"])}`,
      text(row["title"]),
    ]),
  );
  if (lines.length === 0) return "Nobody held anything in that time.";
  const head = ["ITEM", "EPOCH", "FROM (UTC)", "TO", "NODE", "ENDED", "TAKEN OVER", "TITLE"];
  const next = text(timeline["next"]);
  const more =
    next === "" ? "" : `\n\nThere is more: \`skein timeline --range ${text(timeline["range"])} --after ${next}\``;
  return `${table(head, lines)}${more}`;
}

function duration(value: Json | undefined): string {
  if (typeof value !== "number") return "";
  const minutes = value / 60_000;
  if (minutes < 2) return `${Math.round(value / 1_000)} s`;
  if (minutes < 120) return `${Math.round(minutes)} min`;
  return minutes < 2_880 ? `${(minutes / 60).toFixed(1)} h` : `${(minutes / 1_440).toFixed(1)} d`;
}
