/** The API, the metrics and the live board document over HTTP and WebSocket. */
export { createHttpServer, type HttpServer, type HttpServerOptions } from "./server.ts";
export { ROUTES, type Route } from "./routes.ts";
