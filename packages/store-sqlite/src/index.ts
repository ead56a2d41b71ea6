/** The log store on SQLite: what a node has accepted survives the process and the power. */
export type { SqliteLogStore } from "./log-store.ts";
export type { OpenError } from "./open-error.ts";
export { type LogStoreOptions, openLogStore } from "./open-log-store.ts";
export { finishRepair, isRepairUnfinished, type Salvaged, type SalvageOptions, salvageLog } from "./salvage.ts";
