/** The engine of a node and the ports it needs. */
export { type Alarm, ALARMS_KEY, decodeAlarms, encodeAlarms } from "./alarms.ts";
export { type ArtifactSettings, ARTIFACTS } from "./artifacts/retention.ts";
export type { BoardSource, Health, Json, KeptContent, LogChunk, NodeApi } from "./api.ts";
export type { ChatDesk, DeskChange } from "./chat-desk.ts";
export { createNodeCrypto, createSigner } from "./ed25519.ts";
export { GROWTH, type GrowthSettings } from "./growth.ts";
export type { Incident } from "./incidents.ts";
export type { LinkRefusal } from "./links/peer-link.ts";
export type { LogFields, Logger, LogLevel } from "./logger.ts";
export { createNode, type Node, type NodeOptions } from "./node.ts";
export type { FoundProject, PreparedProject, ProjectDesk } from "./project-desk.ts";
export type * from "./ports.ts";
export { systemClock, systemRandom } from "./system.ts";
export { packStep, thinStep } from "./packing.ts";
export { CARRIED_OVER } from "./carry-over.ts";
export { onlyKey } from "./rotation.ts";
export { createSecrets, type Secrets } from "./secrets/secrets.ts";
export type { OpenRepository } from "./work/project.ts";
