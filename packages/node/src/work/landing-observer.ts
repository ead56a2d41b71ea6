/**
 * Landing is an observed fact: every node that can read the target branch writes the landing of an item whose trailer it
 * finds there and whose op is missing. The merger may have died between its push and its op.
 */
import { hasLanded, isLive, rankOf, roleAtLeast } from "@skein/core";

import { writeFact } from "./attempt-context.ts";
import type { ProjectHolder } from "./project-holder.ts";
import { pause } from "./wait.ts";
import type { WorkerDeps } from "./worker.ts";

const OBSERVE_MS = 5_000;
const TURN_MS = 300;

export async function observeLandings(deps: WorkerDeps, projects: ProjectHolder, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await pause(deps.clock, OBSERVE_MS, signal);
    const project = projects.current();
    if (project === undefined || signal.aborted || !roleAtLeast(deps.self().role, "agent")) continue;
    const open = [...deps.replica.view().items.values()].filter((item) => isLive(item) && !hasLanded(item.best.state));
    if (open.length === 0) continue;
    const tip = await project.refresh(signal);
    const landings = tip.ok ? await project.repository.landings(tip.value, signal) : tip;
    if (!landings.ok) continue;
    for (const { id } of open) {
      const commit = landings.value.get(id);
      if (commit === undefined) continue;
      await waitTurn(deps, id, signal);
      const body = { kind: "item.land" as const, commit, at: deps.clock.wallMs() };
      const written = await writeFact(deps, id, body);
      if (written.ok) deps.log("info", "landing.observed", { item: id, commit });
    }
  }
}

/** The merger itself is the fastest; of the others the k-th in rendezvous order waits k turns, and mostly finds it done. */
async function waitTurn(deps: WorkerDeps, item: string, signal: AbortSignal): Promise<void> {
  const { key } = deps.self();
  const others = deps.others().map((other) => other.key);
  const rank = rankOf(
    key,
    [key, ...others],
    { item, epoch: deps.replica.view().items.get(item)?.best?.state.epoch ?? 0 },
    deps.crypto,
  );
  await pause(deps.clock, (rank + 1) * TURN_MS, signal);
}
