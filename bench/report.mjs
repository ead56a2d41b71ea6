// The figures as Markdown: the machine and the versions, the goals with what was measured, then every figure.
import { readFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";

import { goals } from "./goals.mjs";
import { median } from "./statistics.mjs";

const OWN = ["better-sqlite3", "ws", "msgpackr", "xstate"];
const PEERS = [
  "yjs",
  "y-websocket",
  "@y/websocket-server",
  "@hocuspocus/server",
  "@hocuspocus/provider",
  "@automerge/automerge",
  "@automerge/automerge-repo",
  "cojson",
  "cojson-core-napi",
];

export function report(results, { runs, quick }) {
  const parts = [
    `${machine()}. Medians of ${runs} runs; the least and the greatest in brackets.${quick ? " Quick: smaller work." : ""}`,
    versions(),
  ];
  const rows = goals(results);
  if (rows.length > 0) parts.push("### Goals", table(["goal", "asked", "measured", "met"], rows));
  for (const { name, figures } of results) parts.push(`### ${name}`, figureTable(figures));
  return `${parts.join("\n\n")}\n`;
}

export const machine = () =>
  `${cpus().length} × ${cpus()[0]?.model.trim() ?? "?"}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Node ${process.version}`;

function versions() {
  const of = (directory, names) => names.map((name) => `${name} ${versionOf(directory, name)}`).join(", ");
  return `Skein with ${of("../node_modules/", OWN)}. Against ${of("peers/node_modules/", PEERS)}.`;
}

const versionOf = (directory, name) =>
  JSON.parse(readFileSync(new URL(`${directory}${name}/package.json`, import.meta.url), "utf8")).version;

/** One row per stack, one column per figure. */
export function figureTable(figures) {
  const names = [...new Set([...figures.values()].flat().flatMap((run) => Object.keys(run)))];
  const rows = [...figures].map(([stack, runs]) => [stack, ...names.map((name) => cell(runs.map((run) => run[name])))]);
  return table(["", ...names], rows);
}

function cell(values) {
  if (values.some((value) => value === undefined)) return "";
  return `${figure(median(values))} (${figure(Math.min(...values))} – ${figure(Math.max(...values))})`;
}

const figure = (value) =>
  Math.abs(value) >= 100 ? Math.round(value).toLocaleString("en") : value.toPrecision(value < 1 ? 2 : 3);

const table = (head, rows) =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
