export { createHttpServer, type HttpServer, type HttpServerOptions } from "./server.ts";
export { ROUTES, type Route } from "./routes.ts";
