// npm run bench:queue: items through the queue with agents that take no time, on real nodes, against a bare loop that has git
// do the same; and how long each sandbox takes to start. All in one run, taking turns, as a report in Markdown.
//
//     npm run bench:queue                               50 items, five runs, 1, 2 and 4 nodes
//     npm run bench:queue -- --items 12 --runs 1        to see whether something moved
//     npm run bench:queue -- --nodes 2 --slots 2        only these numbers of nodes, attempts at once on each
//     npm run bench:queue -- --spawns 0                 without the sandboxes; --items 0 is only them
import { execFileSync } from "node:child_process";
import { loadavg } from "node:os";
import { parseArgs } from "node:util";

import { bareLoop } from "./queue/bare.mjs";
import { throughMesh } from "./queue/mesh.mjs";
import { startRooms } from "./queue/rooms.mjs";
import { figureTable, machine } from "./report.mjs";

const { values } = parseArgs({
  options: {
    items: { type: "string", default: "50" },
    runs: { type: "string", default: "5" },
    nodes: { type: "string", default: "1,2,4" },
    slots: { type: "string", default: "1" },
    spawns: { type: "string", default: "100" },
  },
});
const [items, runs, slots, spawns] = [values.items, values.runs, values.slots, values.spawns].map(Number);
const nodes = values.nodes.split(",").map(Number);
if ([items, runs, slots, spawns, ...nodes].some((count) => !Number.isInteger(count) || count < 0) || runs < 1) {
  process.stderr.write("--items, --runs, --nodes, --slots and --spawns are whole numbers.\n");
  process.exit(2);
}

const BARE = "git commit, merge and push";
const meshes = nodes.flatMap((count) => [
  { name: `${named(count)}, batching on`, nodes: count, batch: undefined },
  { name: `${named(count)}, batching off`, nodes: count, batch: 1 },
]);

const loadBefore = load();
const queue = new Map();
const ratios = new Map();
const rooms = new Map();
let notes = [];
for (let run = 1; run <= runs; run++) {
  if (items > 0) await throughQueue(run);
  if (spawns > 0) await throughRooms(run);
}
process.stdout.write(report());
process.exit(0);

function named(count) {
  return count === 1 ? "1 node" : `${count} nodes`;
}

function load() {
  return loadavg()
    .map((value) => value.toFixed(1))
    .join(" ");
}

function keep(into, name, figures) {
  into.set(name, [...(into.get(name) ?? []), figures]);
}

/** Each mesh is divided by a bare loop right before it: the machine may have other work a minute later. */
async function throughQueue(run) {
  for (const { name, ...options } of meshes) {
    process.stderr.write(`run ${run} of ${runs}: ${BARE}; ${name}\n`);
    const bare = bareLoop({ items });
    keep(queue, BARE, bare);
    const figures = await throughMesh({ ...options, items, slots });
    keep(queue, name, figures);
    keep(ratios, name, ratio(figures, bare));
    // A run takes minutes, and what it has measured is not to be lost with it.
    process.stderr.write(`  ${JSON.stringify({ bare, figures })}\n`);
  }
}

function ratio(figures, bare) {
  return Object.fromEntries(Object.keys(bare).map((name) => [name, figures[name] / bare[name]]));
}

async function throughRooms(run) {
  process.stderr.write(`run ${run} of ${runs}: sandboxes\n`);
  const measured = await startRooms({ spawns });
  ({ notes } = measured);
  for (const [kind, figures] of measured.figures) keep(rooms, kind, figures);
}

function report() {
  const git = execFileSync("git", ["--version"], { encoding: "utf8" }).trim();
  const parts = [
    `${machine()}, ${git}. Medians of ${runs} runs; the least and the greatest in brackets. Load (1, 5, 15 minutes) ${loadBefore} before, ${load()} after.`,
  ];
  if (items > 0) {
    parts.push(`### ${items} items through the queue, ${slots} at once on each node`, figureTable(queue));
    parts.push("### The same, divided by the bare loop right before it", figureTable(ratios));
  }
  if (spawns > 0)
    parts.push(`### Starting a command, ${spawns} times each`, `${notes.join("; ")}.`, figureTable(rooms));
  return `${parts.join("\n\n")}\n`;
}
