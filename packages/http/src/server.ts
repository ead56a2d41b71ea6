/**
 * The HTTP server of a node: the API, the metrics, the board document and the board page on one port.
 *
 * Each request passes the same gates in the same order, upgrades too: the host it was meant for, the page it comes from,
 * the token, then the route. What has no route is refused before it is said to be missing.
 */
import { type CommandError, err, ok, type Result } from "@skein/core";
import type { NodeApi } from "@skein/node";
import { createServer, STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { allowedHosts, bearerToken, bracketed, createTokenCheck, refuseForeign, type TokenCheck } from "./access.ts";
import { createBoardDocument } from "./board-document.ts";
import { createHookDoor, type HookDoor, hookOf, type Hooks } from "./hooks.ts";
import { readJsonBody } from "./json-body.ts";
import { HTTP_LIMITS } from "./limits.ts";
import type { FeedSlots } from "./log-feed.ts";
import type { Metric } from "./metrics-text.ts";
import { pageReply, readPageFiles, type PageFiles } from "./page-files.ts";
import { errorReply, writeReply, type Reply } from "./reply.ts";
import { matchRoutes, storyOf, YJS_PATH, YJS_ROOM, type Route, type RouteMatch } from "./routes.ts";
import { isOfThisMachine } from "./same-machine.ts";
import { storyRoom } from "./story-room.ts";
import { createYjsSockets, type YjsSockets } from "./yjs-sockets.ts";

export interface HttpServerOptions {
  readonly api: NodeApi;
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Everything but the health check and the page's files asks for it. */
  readonly token: string;
  /** The built board page; without it the server has no page. */
  readonly assetsDirectory?: string | undefined;
  /** Author of the board document, 32 bits, never the one of an earlier process. */
  readonly clientId: number;
  /** Names beside the bound address and this machine's own that a client may call the server by. */
  readonly allowedHosts?: readonly string[] | undefined;
  /** Copies the log into a place of its own in the data directory and gives that place's name. */
  readonly snapshot: () => Promise<Result<string, CommandError>>;
  /** Answers the webhooks of chat platforms; without it there are none. */
  readonly hooks?: Hooks | undefined;
  /** Told what is a fault of the program, not of a client. */
  readonly report?: ((problem: string) => void) | undefined;
}

export interface HttpServer {
  /** `http://host:port` as bound. */
  readonly url: string;
  close(): Promise<void>;
}

interface Site {
  readonly api: NodeApi;
  readonly snapshot: HttpServerOptions["snapshot"];
  readonly hosts: ReadonlySet<string>;
  readonly isToken: TokenCheck;
  readonly page: PageFiles;
  readonly yjs: YjsSockets;
  readonly hooks: HookDoor | undefined;
  readonly report: (problem: string) => void;
  readonly answered: Map<string, number>;
  readonly feeds: FeedSlots;
}

export async function createHttpServer(options: HttpServerOptions): Promise<Result<HttpServer, string>> {
  if (options.token === "")
    return err("The HTTP server has no token, so it was not started. Create one in the data directory.");
  const page = options.assetsDirectory === undefined ? ok(new Map()) : await readPageFiles(options.assetsDirectory);
  if (!page.ok) return page;
  const server = createBareServer();
  const bound = await listen(server, options);
  if (!bound.ok) return bound;
  const board = createBoardDocument({ source: options.api.board, clientId: options.clientId });
  const yjs = createYjsSockets({ doc: board.doc });
  const site: Site = {
    api: options.api,
    snapshot: options.snapshot,
    hosts: allowedHosts({ host: options.host, port: bound.value.port, extra: options.allowedHosts ?? [] }),
    isToken: createTokenCheck(options.token),
    page: page.value,
    yjs,
    hooks: options.hooks === undefined ? undefined : createHookDoor(options.hooks),
    report: options.report ?? (() => {}),
    answered: new Map(),
    feeds: { open: 0 },
  };
  server.on("request", (request, response) => void respond(site, request, response));
  server.on("upgrade", (request, socket, head) => upgrade(site, { request, socket, head }));
  return ok({
    url: `http://${bracketed(options.host)}:${bound.value.port}`,
    close: async () => {
      yjs.close();
      await closeServer(server);
      board.close();
    },
  });
}

function createBareServer(): Server {
  const server = createServer({
    maxHeaderSize: HTTP_LIMITS.headerBytes,
    headersTimeout: HTTP_LIMITS.headersTimeoutMs,
    requestTimeout: HTTP_LIMITS.requestTimeoutMs,
    keepAliveTimeout: HTTP_LIMITS.keepAliveTimeoutMs,
    connectionsCheckingInterval: HTTP_LIMITS.keepAliveTimeoutMs,
    insecureHTTPParser: false,
  });
  server.maxHeadersCount = HTTP_LIMITS.headerCount;
  server.timeout = HTTP_LIMITS.idleTimeoutMs;
  server.maxConnections = HTTP_LIMITS.connections;
  server.on("clientError", (_error, socket) => {
    if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    else socket.destroy();
  });
  return server;
}

function listen(server: Server, { host, port }: HttpServerOptions): Promise<Result<AddressInfo, string>> {
  return new Promise((resolve) => {
    const fail = (cause: unknown): void => resolve(err(listenProblem(cause, `${bracketed(host)}:${port}`)));
    server.once("error", fail);
    try {
      server.listen({ host, port }, () => {
        server.off("error", fail);
        const address = server.address();
        if (typeof address === "object" && address !== null) resolve(ok(address));
        else fail(new Error("it has no address"));
      });
    } catch (cause) {
      fail(cause);
    }
  });
}

function listenProblem(cause: unknown, address: string): string {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  switch (code) {
    case "EADDRINUSE":
      return `The HTTP address ${address} is in use by another program. Stop that program or choose another port with --http.`;
    case "EACCES":
    case "EPERM":
      return `This user may not open the HTTP address ${address}. Choose a port above 1023 with --http.`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `The HTTP address ${address} is not one of this machine. Choose another host with --http, such as 127.0.0.1.`;
    default:
      return `The HTTP address ${address} cannot be opened (${reasonOf(cause)}). Choose another one with --http.`;
  }
}

const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => server.closeAllConnections(), HTTP_LIMITS.closeGraceMs);
    server.close(() => {
      clearTimeout(force);
      resolve();
    });
    server.closeIdleConnections();
  });
}

async function respond(site: Site, request: IncomingMessage, response: ServerResponse): Promise<void> {
  // A connection that breaks off while its answer is written is the client's business.
  response.on("error", () => {});
  const reply = await replyTo(site, request).catch((cause: unknown) => {
    site.report(`A request could not be answered: ${reasonOf(cause)}`);
    return errorReply(500, { code: "internal", message: "The node failed to answer. Its log says why." });
  });
  const statusClass = `${Math.floor(reply.status / 100)}xx`;
  site.answered.set(statusClass, (site.answered.get(statusClass) ?? 0) + 1);
  writeReply(response, reply, hasUnreadBody(request));
}

function hasUnreadBody({ headers, complete }: IncomingMessage): boolean {
  const hasBody = headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
  return hasBody && !complete;
}

async function replyTo(site: Site, request: IncomingMessage): Promise<Reply> {
  const target = parseTarget(request);
  const hook = target === undefined || site.hooks === undefined ? undefined : hookOf(target.pathname);
  if (hook !== undefined && site.hooks !== undefined) return site.hooks(hook, request);
  const refusal = refuseForeign(request.headers, site.hosts);
  if (refusal !== undefined) return errorReply(refusal.status, { code: refusal.type, message: refusal.message });
  if (target === undefined) return BAD_TARGET;
  const file = site.page.get(target.pathname);
  if (file !== undefined && isRead(request)) return pageReply(file, request.headers.host?.toLowerCase() ?? "");
  const match = matchRoutes(target.pathname);
  const route = match?.routes.find(({ method }) => method === methodOf(request));
  if (route?.access !== "open" && !site.isToken(bearerToken(request.headers))) return UNAUTHORIZED;
  if (match === undefined) return NOT_FOUND;
  if (route === undefined) return wrongMethod(match);
  return route.handle({
    api: site.api,
    snapshot: site.snapshot,
    feeds: site.feeds,
    isOfThisMachine: isOfThisMachine(request),
    parameters: match.parameters,
    query: target.searchParams,
    body: () => readJsonBody(request),
    serverMetrics: () => serverMetrics(site),
  });
}

/** The path as it came, never normalized: `..` and encoded slashes stay what they are and match nothing. */
function parseTarget(
  request: IncomingMessage,
): { readonly pathname: string; readonly searchParams: URLSearchParams } | undefined {
  const target = request.url ?? "";
  if (!target.startsWith("/") || target.length > HTTP_LIMITS.targetLength) return undefined;
  const mark = target.indexOf("?");
  if (mark === -1) return { pathname: target, searchParams: new URLSearchParams() };
  return { pathname: target.slice(0, mark), searchParams: new URLSearchParams(target.slice(mark + 1)) };
}

const isRead = (request: IncomingMessage): boolean => request.method === "GET" || request.method === "HEAD";

const methodOf = (request: IncomingMessage): string => (request.method === "HEAD" ? "GET" : (request.method ?? ""));

const BAD_TARGET: Reply = errorReply(400, { code: "bad-input", message: "The address of the request is not a path." });

const UNAUTHORIZED: Reply = errorReply(
  401,
  {
    code: "unauthorized",
    message:
      "The token is missing or wrong. Send the one in the node's data directory as Authorization: Bearer <token>.",
  },
  { "WWW-Authenticate": "Bearer" },
);

const NOT_FOUND: Reply = errorReply(404, { code: "not-found", message: "There is nothing at this address." });

function wrongMethod({ routes }: RouteMatch): Reply {
  const allowed = routes.map(({ method }: Route) => method).join(", ");
  return errorReply(405, { code: "wrong-method", message: `This address takes only ${allowed}.` }, { Allow: allowed });
}

function serverMetrics({ yjs, answered }: Site): ReadonlyMap<string, Metric> {
  const counts = yjs.counts();
  const counter = (help: string, value: number): Metric => ({ help, type: "counter", value });
  return new Map<string, Metric>([
    ["skein_http_ok_total", counter("HTTP requests answered with 2xx.", answered.get("2xx") ?? 0)],
    ["skein_http_refused_total", counter("HTTP requests answered with 4xx.", answered.get("4xx") ?? 0)],
    ["skein_http_failed_total", counter("HTTP requests answered with 5xx.", answered.get("5xx") ?? 0)],
    ["skein_yjs_readers", { help: "Open sockets on the board document.", type: "gauge", value: counts.open }],
    ["skein_yjs_malformed_total", counter("Readers cut for breaking the protocol.", counts.malformed)],
    ["skein_yjs_flooding_total", counter("Readers cut for asking too often.", counts.flooding)],
    ["skein_yjs_slow_total", counter("Readers cut for not reading.", counts.slow)],
    ["skein_yjs_idle_total", counter("Readers cut for not answering pings.", counts.idle)],
  ]);
}

interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

function upgrade(site: Site, { request, socket, head }: Upgrade): void {
  // Until the socket is handed over nobody else listens, and an unheard error would end the process.
  const ignore = (): void => {};
  socket.on("error", ignore);
  const refused = refuseUpgrade(site, request);
  if (refused !== undefined) {
    socket.end(`HTTP/1.1 ${refused} ${STATUS_CODES[refused] ?? ""}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    socket.once("finish", () => socket.destroy());
    return;
  }
  socket.off("error", ignore);
  const item = storyOf(parseTarget(request)?.pathname ?? "");
  site.yjs.accept(request, socket, head, item === undefined ? undefined : storyRoom(site.api, item, site.api.name));
}

/** A browser cannot set headers on a WebSocket, so here alone the token may be in the query. */
function refuseUpgrade(site: Site, request: IncomingMessage): number | undefined {
  const foreign = refuseForeign(request.headers, site.hosts);
  if (foreign !== undefined) return foreign.status;
  const target = parseTarget(request);
  if (target === undefined) return 400;
  const inQuery = target.pathname.startsWith(YJS_PATH) ? target.searchParams.get("token") : null;
  if (!site.isToken(bearerToken(request.headers) ?? inQuery ?? undefined)) return 401;
  const isRoom = target.pathname === `${YJS_PATH}${YJS_ROOM}` || storyOf(target.pathname) !== undefined;
  if (!isRoom) return 404;
  return site.yjs.isFull() ? 503 : undefined;
}
