/**
 * When an attempt of this node has ended, its log becomes a content with a digest, and an op names it, together with
 * what the gate left. What a crash kept from being named is found again by looking at what the disk has and the log lacks.
 */
import {
  type ArtifactFile,
  type BoardAttempt,
  type CommandError,
  err,
  isLive,
  LIMITS,
  type LiveItem,
  ok,
  type Replica,
  type Result,
} from "@skein/core";

import type { Journal, NotSaved } from "../journal.ts";
import type { AttemptLogs, Blobs } from "../ports.ts";
import { piecesOf } from "./leavings.ts";

export interface ArchiveDeps {
  readonly blobs: Blobs;
  readonly logs: AttemptLogs;
  readonly journal: Pick<Journal, "write">;
  readonly replica: Pick<Replica, "view">;
  readonly self: () => string;
  readonly isRunning: (item: string, epoch: number) => boolean;
  readonly copies: () => number;
  /** What was kept while the attempt ran. */
  readonly left: (item: string, epoch: number) => readonly ArtifactFile[];
}

type Attempt = Pick<BoardAttempt, "item" | "epoch" | "node">;

/** Has it ended here, with a log, and without a word about what is kept of it? */
export function isToArchive(deps: ArchiveDeps, { item, epoch, node }: Attempt): boolean {
  if (node !== deps.self() || epoch < 1 || deps.isRunning(item, epoch)) return false;
  const known = deps.replica.view().items.get(item)?.annotations.artifacts ?? [];
  if (known.some((one) => one.member === node && one.epoch === epoch)) return false;
  return deps.logs.read({ item, epoch }, 0, 0) !== undefined;
}

export async function archive(
  deps: ArchiveDeps,
  { item, epoch }: Attempt,
): Promise<Result<void, { readonly message: string }>> {
  const log = await deps.blobs.keep(piecesOf(deps.logs, { item, epoch }, 0), LIMITS.artifactBytes);
  if (!log.ok) return err({ message: `The log of epoch ${epoch} of ${item} cannot be kept: ${log.error}.` });
  const files = [{ sort: "log" as const, name: "log", ...log.value }, ...deps.left(item, epoch)];
  const written = await deps.journal.write<CommandError | NotSaved>(() => {
    const found = deps.replica.view().items.get(item);
    if (found === undefined || !isLive(found)) return ok([]);
    const body = {
      kind: "item.artifact" as const,
      project: [...deps.replica.view().membership.projects.keys()][0] ?? "project",
      epoch,
      commit: commitOf(found, epoch),
      copies: Math.min(deps.copies(), LIMITS.artifactCopies),
      files: files.slice(0, LIMITS.artifactFiles),
    };
    return ok([{ entity: item, on: found.best.id, body }]);
  });
  return written.ok ? ok(undefined) : written;
}

/** The commit that the attempt handed in, or nothing. */
function commitOf({ id, entries }: LiveItem, epoch: number): string {
  const branch = `skein/${id}/${epoch}`;
  for (const { outcome } of entries.values()) {
    const stage = outcome.type === "accepted" ? outcome.state.stage : undefined;
    if (stage?.stage === "Qa" && stage.featureBranch === branch) return stage.tip;
  }
  return "";
}
