/** Child processes for agents and gates, and the logs of what they print. */
export { createProcesses, endLeftovers, type ProcessesOptions } from "./processes.ts";
export { createAsking, type AskingOptions } from "./asking.ts";
export { createBlobStore } from "./blob-store.ts";
export { declaredFiles } from "./declared-files.ts";
export { createAttemptLogs, type AttemptLogsOptions } from "./attempt-logs.ts";
export { childEnvironment, type ChildEnvironmentRequest } from "./gate-environment.ts";
