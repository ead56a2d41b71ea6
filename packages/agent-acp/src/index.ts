/** Coding agents over the Agent Client Protocol. */
export { createSessionNotes } from "./session-notes.ts";
export { createTurnAgents, type TurnAgentsOptions } from "./turn.ts";
