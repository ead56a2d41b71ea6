/**
 * The project this node works on: its repository opened once, and its skein.yaml as it stands on the target branch.
 *
 * The target branch's own skein.yaml counts, because it changes only by landing; until there is one, the text that
 * `skein init` put into the mesh. A file that cannot be read keeps the last good one in force and says so.
 */
import {
  type ConfigError,
  createLastGoodConfig,
  type LastGoodConfig,
  parseProjectConfig,
  type ProjectConfig,
} from "@skein/config";
import { err, ok, type Project, type Result } from "@skein/core";

import type { GitError, Oid, Repository } from "../ports.ts";

export interface OpenProject {
  readonly project: Project;
  readonly repository: Repository;
  config(): ProjectConfig;
  /** Why the skein.yaml on the target branch is not the one in force. */
  problem(): ConfigError | null;
  /** Fetches the target branch and reads its skein.yaml again. */
  refresh(signal: AbortSignal): Promise<Result<Oid, GitError>>;
}

export type OpenRepository = (
  project: Pick<Project, "remote" | "base">,
  signal: AbortSignal,
) => Promise<Result<Repository, GitError>>;

export const PROJECT_FILE = "skein.yaml";

export async function openProject(
  project: Project,
  openRepository: OpenRepository,
  signal: AbortSignal,
): Promise<Result<OpenProject, string>> {
  const first = parseProjectConfig(project.config, PROJECT_FILE);
  if (!first.ok) return err(first.error.message);
  const repository = await openRepository(project, signal);
  if (!repository.ok) return err(repository.error.message);
  const configs: LastGoodConfig = createLastGoodConfig(first.value);
  let config = first.value;
  let problem: ConfigError | null = null;
  let readAt: Oid | undefined;
  let inForce = project.config;
  return ok({
    project,
    repository: repository.value,
    config: () => config,
    problem: () => problem,
    refresh: async (refreshSignal) => {
      const tip = await repository.value.fetchBase(refreshSignal);
      if (!tip.ok || tip.value === readAt) return tip;
      const text = await repository.value.readFile(tip.value, PROJECT_FILE, refreshSignal);
      if (!text.ok) return text;
      readAt = tip.value;
      const offered = text.value ?? project.config;
      // The branch moves with every landing, and this file hardly ever.
      if (offered !== inForce) ({ config, problem } = configs.offer(offered, PROJECT_FILE));
      inForce = offered;
      return tip;
    },
  });
}
