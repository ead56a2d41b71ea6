/** Numbers for `GET /metrics`, by Prometheus name. */
import { isLive, type Replica, STAGES } from "@skein/core";

import type { BoardKeeper } from "./board-source.ts";
import type { Incidents } from "./incidents.ts";
import type { Journal } from "./journal.ts";
import type { Links } from "./links/links.ts";
import type { Worker } from "./work/worker.ts";

interface Metric {
  readonly help: string;
  readonly type: "counter" | "gauge";
  readonly value: number;
}

export interface Measured {
  readonly replica: Replica;
  readonly journal: Journal;
  readonly links: Links;
  readonly worker: Worker;
  readonly board: BoardKeeper;
  readonly incidents: Incidents;
}

export function collectMetrics({
  replica,
  journal,
  links,
  worker,
  board,
  incidents,
}: Measured): ReadonlyMap<string, Metric> {
  const gauge = (help: string, value: number): Metric => ({ help, type: "gauge", value });
  const metrics = new Map<string, Metric>([
    ["skein_ops", gauge("Ops in the log.", replica.opCount())],
    ["skein_frames", gauge("Frames in the log.", journal.index.size)],
    ["skein_lamport", gauge("Greatest Lamport stamp seen.", replica.lamport())],
    ["skein_feeds", gauge("Feeds in the log.", replica.heads().size)],
    ["skein_forks", gauge("Feeds whose author wrote two histories.", replica.forks().size)],
    ["skein_links", gauge("Proved links to other nodes.", links.peers().size)],
    ["skein_attempts_running", gauge("Attempts running here.", worker.executions().length)],
    ["skein_slots_free", gauge("Free slots here.", worker.slotsFree())],
    ["skein_degraded", gauge("1 while nothing can be saved.", journal.problem() === undefined ? 0 : 1)],
    ["skein_incidents", gauge("Different incidents remembered for skein doctor.", incidents.list().length)],
    ["skein_landings_verified", gauge("Landings found on the target branch.", worker.landings.count("verified"))],
    ["skein_landings_refuted", gauge("Items that say Done and were not merged.", worker.landings.count("refuted"))],
    ["skein_attempts", gauge("Attempts on the board.", board.current().attempts.size)],
  ]);
  const stages = new Map<string, number>(STAGES.map((stage) => [stage, 0]));
  for (const item of replica.view().items.values()) {
    if (!isLive(item)) continue;
    const { stage } = item.best.state.stage;
    stages.set(stage, (stages.get(stage) ?? 0) + 1);
  }
  for (const [stage, count] of stages) {
    metrics.set(`skein_items_${stage.toLowerCase()}`, gauge(`Items in ${stage}.`, count));
  }
  return metrics;
}
