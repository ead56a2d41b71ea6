/** `skein mesh` as people read it. */
import type { Json } from "@skein/node";

import { type Fields, rows, text, whenOf } from "./present-parts.ts";
import { table } from "./table.ts";

export function meshPage(mesh: Fields): string {
  const nodes = rows(mesh["nodes"]);
  const nameOf = new Map(nodes.map((node) => [text(node["id"]), text(node["name"])]));
  const parts = [
    `Mesh ${text(mesh["name"])}, ${text(mesh["mesh"]).slice(0, 12)}`,
    "",
    table(["NODE", "ROLE", "REACH", "HEARD", "CLOCK", "SLOTS", "VERSION", "LOGS", "STATE"], nodes.map(nodeCells)),
  ];
  const links = rows(mesh["links"]).map((link) => [
    nameOf.get(text(link["a"])) ?? "",
    nameOf.get(text(link["b"])) ?? "",
    link["own"] === true ? "this node's" : "told",
    duration(link["rttMs"]),
    link["own"] === true ? countOrUnknown(link["opsBehind"]) : "",
    link["own"] === true ? text(link["queuedBytes"]) : "",
  ]);
  if (links.length > 0) parts.push("", table(["LINK", "TO", "WHOSE", "ROUND TRIP", "OPS BEHIND", "QUEUED"], links));
  const alarms = rows(mesh["alarms"]).map((one) => `! ${text(one["message"])}`);
  if (alarms.length > 0) parts.push("", ...alarms);
  const invites = rows(mesh["invites"]).map((one) => [text(one["role"]), whenOf(one["expires"]), text(one["by"])]);
  if (invites.length > 0) parts.push("", table(["OPEN TICKET FOR", "UNTIL (UTC)", "MADE BY"], invites));
  return parts.join("\n");
}

const nodeCells = (node: Fields): readonly string[] => [
  text(node["name"]),
  text(node["role"]),
  node["self"] === true ? "this node" : text(node["reach"]),
  node["self"] === true ? "" : node["heardAgoMs"] === null ? "never" : `${duration(node["heardAgoMs"])} ago`,
  node["self"] === true || node["skewMs"] === null ? "" : skewOf(Number(node["skewMs"])),
  `${text(node["slotsFree"])}/${text(node["slots"])}`,
  text(node["version"]),
  text(node["incarnationCount"]),
  stateOf(node),
];

function stateOf(node: Fields): string {
  if (node["removed"] === true) return "removed";
  const words = [
    ...(node["alive"] === true ? [] : ["silent"]),
    ...(text(node["standby"]) === "" ? [] : [text(node["standby"])]),
    ...(node["lowDisk"] === true ? ["disk almost full"] : []),
  ];
  return words.join(", ");
}

/** Beats take their time, so less than a second says nothing about a clock. */
const skewOf = (ms: number): string =>
  Math.abs(ms) < 1_000 ? "in step" : `${duration(Math.abs(ms))} ${ms > 0 ? "ahead" : "behind"}`;

const countOrUnknown = (value: Json | undefined): string => (typeof value === "number" ? String(value) : "unknown");

function duration(value: Json | undefined): string {
  if (typeof value !== "number") return "";
  if (value < 1_000) return `${Math.round(value)} ms`;
  const seconds = value / 1_000;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`;
}
