/** Chat as seen from its adapters and from the composition root. */
export type { AccountSettings, RoomSettings } from "./account.ts";
export { type ChatEngine, type ChatEngineDeps, createChatEngine } from "./engine.ts";
export type { SessionState } from "./session.ts";
export type { Interpret, InterpreterFacts } from "./interpreter.ts";
export type * from "./transport.ts";
export { createRefusedWebhooks, type RefusedWebhooks } from "./verify/refused-webhooks.ts";
export { createVerifier } from "./verify/create-verifier.ts";
export type { Verdict, Verifier } from "./verify/verifier.ts";
