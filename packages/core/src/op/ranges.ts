/** How far back a look at the flow of work may reach. */
export const FLOW_RANGES: readonly ["24h", "7d", "30d"] = ["24h", "7d", "30d"];
export type FlowRange = (typeof FLOW_RANGES)[number];
