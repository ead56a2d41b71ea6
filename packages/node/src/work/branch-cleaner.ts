/**
 * Branches of attempts do not stay on the remote for ever. Each node deletes those that it has pushed itself, a week after the
 * item has landed, as this node has seen on the target branch, or was deleted. Until then everything that was done can be
 * looked at, and a node that was cut off finds what it goes on with. An archived item keeps its branches: it may be restored.
 *
 * Best effort: what resists is tried again, and nothing waits for it.
 */
import { hasLanded, type ItemHistory } from "@skein/core";

import type { Logger } from "../logger.ts";
import type { Clock, Repository } from "../ports.ts";
import type { LandingBook } from "./landing-book.ts";
import { pause } from "./wait.ts";

export interface BranchCleanerDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly replica: { readonly view: () => { readonly items: ReadonlyMap<string, Ended> } };
}

type Ended = Pick<ItemHistory, "id" | "best" | "deleted" | "updatedAt">;

interface Projects {
  current(): { readonly repository: Pick<Repository, "deleteBranches"> } | undefined;
}

/** When what has landed was read from the target branch. */
const FIRST_LOOK_MS = 60_000;
const LOOK_MS = 3_600_000;
const KEPT_MS = 7 * 24 * LOOK_MS;

export function createBranchCleaner(
  { clock, log, replica }: BranchCleanerDeps,
  projects: Projects,
  landings: Pick<LandingBook, "of">,
  signal: AbortSignal,
): { run(): Promise<void> } {
  const isOver = (item: Ended, nowMs: number): boolean => {
    if (nowMs - item.updatedAt < KEPT_MS) return false;
    if (item.deleted) return true;
    return item.best !== undefined && hasLanded(item.best.state) && landings.of(item.id).state === "verified";
  };
  const look = async (): Promise<void> => {
    const project = projects.current();
    if (project === undefined) return;
    const nowMs = clock.wallMs();
    const over = [...replica.view().items.values()].filter((item) => isOver(item, nowMs));
    if (over.length === 0) return;
    const deleted = await project.repository.deleteBranches(new Set(over.map(({ id }) => id)), signal);
    if (!deleted.ok) log("warn", "branches.not-deleted", { message: deleted.error.message });
    else if (deleted.value.length > 0) log("info", "branches.deleted", { count: deleted.value.length });
  };
  return {
    run: async () => {
      for (let waitMs = FIRST_LOOK_MS; !signal.aborted; waitMs = LOOK_MS) {
        await pause(clock, waitMs, signal);
        if (!signal.aborted) await look();
      }
    },
  };
}
