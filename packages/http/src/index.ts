/** The API, the metrics and the live board document over HTTP and WebSocket. */
export { hookOf } from "./hooks.ts";
export type { HookReply, HookRequest, Hooks } from "./hooks.ts";
export { HTTP_LIMITS, YJS_LIMITS } from "./limits.ts";
export { createHttpServer, type HttpServer, type HttpServerOptions } from "./server.ts";
export { ROUTES, type Route, storyOf } from "./routes.ts";
export type { SessionStore, StoredSession } from "./sign-in/sessions.ts";
