/** skein.yaml: what it may say, what is wrong with it, and how to write a first one. */
export { createLastGoodConfig, type LastGoodConfig, type OfferedConfig } from "./last-good.ts";
export { detectGate, type DetectedGate, type RepositoryFiles } from "./detect-gate.ts";
export { type HostPattern, isHostName, matchesHost, parseHostPattern, parsePort } from "./host-pattern.ts";
export { parseProjectConfig } from "./parse.ts";
export { ACP_PRESETS } from "./presets.ts";
export type { ConfigError, ConfigProblem } from "./problem.ts";
export {
  type AgentConfig,
  type AskConfig,
  type Argv,
  type ClaimConfig,
  isReviewerAgent,
  type LimitConfig,
  type NetworkConfig,
  type Price,
  type ProjectConfig,
  type RetryConfig,
  type ReviewerAgent,
  type SandboxKind,
} from "./project-config.ts";
export { projectNameFrom } from "./project-name.ts";
export { renderProjectConfig, type ProjectConfigDraft } from "./render.ts";
export { projectConfigJsonSchema } from "./schema.ts";
export { isSecretKey } from "./secret.ts";
export { formatDuration, parseDuration } from "./quantity.ts";
export {
  type AccountConfig,
  type ArtifactConfig,
  type InterpreterConfig,
  type NodeConfig,
  NO_NODE_CONFIG,
  parseNodeConfig,
  type RoomConfig,
  type SandboxOwnConfig,
  type SecretSource,
} from "./node-config.ts";
