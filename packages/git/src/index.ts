/** The project repository over real git: mirror, attempt clones, landing by compare-and-swap. */
export { inspectProject, resolveRemote, type ProjectFacts } from "./detect.ts";
export type { Deadlines, RemoteAccess } from "./hardened-git.ts";
export { attemptBranch, isBaseBranch, isItemId, isOid, parseAttemptBranch, type AttemptName } from "./names.ts";
export { openRepository, type RepositoryOptions } from "./repository.ts";
