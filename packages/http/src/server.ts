/**
 * The HTTP server of a node: the API, the metrics, the board document and the board page on one port.
 *
 * Each request passes the same gates in the same order, upgrades too: the host it was meant for, the page it comes from,
 * who asks, then the route. What has no route is refused before it is said to be missing.
 */
import { type CommandError, err, leastRole, ok, type Result, roleAtLeast } from "@skein/core";
import type { NodeApi, Writer } from "@skein/node";
import { STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import {
  allowedHosts,
  type Asker,
  bracketed,
  createTokenCheck,
  isSameOrigin,
  judgeForeign,
  type TokenCheck,
} from "./access.ts";
import { createBoardDocument } from "./board-document.ts";
import { type Caller, type CallerRefusal, callerOf, standingOf } from "./caller.ts";
import { type Crowd, createCrowd } from "./crowd.ts";
import { preflightReply, withCrossOrigin } from "./cross-origin.ts";
import { createHookDoor, type HookDoor, hookOf, type Hooks } from "./hooks.ts";
import { readJsonBody } from "./json-body.ts";
import { HTTP_LIMITS } from "./limits.ts";
import { closeServer, createBareServer, listen, reasonOf, type TlsFiles } from "./listener.ts";
import type { FeedSlots } from "./log-feed.ts";
import type { Metric } from "./metrics-text.ts";
import { pageReply, readPageFiles, type PageFiles } from "./page-files.ts";
import { errorReply, writeReply, type Reply } from "./reply.ts";
import { matchRoutes, type Origins, type Route, type RouteMatch, storyOf, YJS_PATH, YJS_ROOM } from "./routes.ts";
import { isOfThisMachine } from "./same-machine.ts";
import { createSignInDesk, loginFragment, type SignInDesk } from "./sign-in/desk.ts";
import { actorOf } from "./sign-in/routes.ts";
import type { SessionStore } from "./sign-in/sessions.ts";
import { storyRoom } from "./story-room.ts";
import { createYjsSockets, protocolWord, type YjsSockets } from "./yjs-sockets.ts";

export interface HttpServerOptions {
  readonly api: NodeApi;
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** What programs show. Everything but the health check and the page's files asks who is there. */
  readonly token: string;
  /** The built board page; without it the server has no page. */
  readonly assetsDirectory?: string | undefined;
  /** Speaks TLS at this address; a second one on 127.0.0.1 then answers this machine's programs. */
  readonly tls?: TlsFiles | undefined;
  /** Where people open the page, when that is not the address as bound. */
  readonly pageOrigin?: string | undefined;
  /** Where browser sessions outlive a restart; without it they end with the process. */
  readonly sessions?: SessionStore | undefined;
  /** Unix ms; the system's clock when left out. */
  readonly now?: (() => number) | undefined;
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
  /** `http://host:port` as bound, for programs of this machine. */
  readonly url: string;
  /** Where people open the page: the same, or `https://…` with TLS. */
  readonly pageUrl: string;
  /** An address that signs one browser in as this node's own member, once and soon. */
  loginLink(): string;
  close(): Promise<void>;
}

interface Site {
  readonly api: NodeApi;
  readonly snapshot: HttpServerOptions["snapshot"];
  readonly isToken: TokenCheck;
  readonly page: PageFiles;
  readonly yjs: YjsSockets;
  readonly signIn: SignInDesk;
  readonly hooks: HookDoor | undefined;
  readonly report: (problem: string) => void;
  readonly answered: Map<string, number>;
  readonly feeds: FeedSlots;
}

/** One listening socket of the server: what it may be called, and whether it speaks TLS. */
interface Door {
  readonly server: Server;
  readonly crowd: Crowd;
  readonly hosts: ReadonlySet<string>;
  readonly secure: boolean;
  readonly url: string;
}

export async function createHttpServer(options: HttpServerOptions): Promise<Result<HttpServer, string>> {
  if (options.token === "")
    return err("The HTTP server has no token, so it was not started. Create one in the data directory.");
  const page = options.assetsDirectory === undefined ? ok(new Map()) : await readPageFiles(options.assetsDirectory);
  if (!page.ok) return page;
  const doors = await openDoors(options);
  if (!doors.ok) return doors;
  const { api } = options;
  const board = createBoardDocument({ source: api.board, clientId: options.clientId });
  const yjs = createYjsSockets({ doc: board.doc });
  // A member that is removed, or has another role now, is seen in the nodes at once.
  const unsubscribe = api.board.subscribe(({ nodes }) => {
    if (nodes.size > 0) yjs.recheck();
  });
  const [people, programs = people] = doors.value;
  const pageUrl = options.pageOrigin ?? (people?.url ?? "").replace(/\/\/(?:0\.0\.0\.0|\[::\])/, "//127.0.0.1");
  const site: Site = {
    api,
    snapshot: options.snapshot,
    isToken: createTokenCheck(options.token),
    page: page.value,
    yjs,
    signIn: createSignInDesk({
      page: pageUrl,
      store: options.sessions,
      now: options.now ?? Date.now,
      onEnd: () => yjs.recheck(),
    }),
    hooks: options.hooks === undefined ? undefined : createHookDoor(options.hooks),
    report: options.report ?? (() => {}),
    answered: new Map(),
    feeds: { open: 0 },
  };
  for (const door of doors.value) {
    door.server.on("request", (request, response) => void respond(site, door, request, response));
    door.server.on("upgrade", (request, socket, head) => upgrade(site, door, { request, socket, head }));
  }
  return ok({
    url: programs?.url ?? "",
    pageUrl,
    loginLink: () => {
      const code = site.signIn.codes.issue({ member: api.nodeId, role: "owner", by: "link" });
      return `${pageUrl}/${loginFragment(code)}`;
    },
    close: async () => {
      unsubscribe();
      yjs.close();
      await Promise.all(doors.value.map(({ server }) => closeServer(server)));
      board.close();
    },
  });
}

/** The one that was asked for; with TLS one more without, on this machine alone, for its own programs. */
async function openDoors(options: HttpServerOptions): Promise<Result<readonly Door[], string>> {
  const first = await openDoor(options, options.tls);
  if (!first.ok || options.tls === undefined) return first.ok ? ok([first.value]) : first;
  const second = await openDoor({ ...options, host: "127.0.0.1", port: 0 }, undefined);
  if (second.ok) return ok([first.value, second.value]);
  await closeServer(first.value.server);
  return second;
}

async function openDoor(options: HttpServerOptions, tls: TlsFiles | undefined): Promise<Result<Door, string>> {
  const server = createBareServer(tls);
  if (!server.ok) return server;
  const crowd = createCrowd(server.value, HTTP_LIMITS.connections);
  const bound = await listen(server.value, options);
  if (!bound.ok) return bound;
  const { host, allowedHosts: extra = [] } = options;
  const { port } = bound.value;
  const secure = tls !== undefined;
  const url = `${secure ? "https" : "http"}://${bracketed(host)}:${port}`;
  return ok({ server: server.value, crowd, hosts: allowedHosts({ host, port, extra }), secure, url });
}

async function respond(site: Site, door: Door, request: IncomingMessage, response: ServerResponse): Promise<void> {
  // A connection that breaks off while its answer is written is the client's business.
  response.on("error", () => {});
  const reply = await replyTo(site, door, request).catch((cause: unknown) => {
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

async function replyTo(site: Site, door: Door, request: IncomingMessage): Promise<Reply> {
  const target = parseTarget(request);
  const hook = target === undefined || site.hooks === undefined ? undefined : hookOf(target.pathname);
  if (hook !== undefined && site.hooks !== undefined) return site.hooks(hook, request);
  const judged = judgeForeign(request, door.hosts, (origin) => isMeshPage(site, origin));
  if (!judged.ok) return errorReply(judged.error.status, { code: judged.error.type, message: judged.error.message });
  if (target === undefined) return BAD_TARGET;
  const asker = judged.value;
  if (asker !== "mesh") return localReply(site, door, { request, target, asker });
  const origin = request.headers.origin ?? "";
  if (request.method === "OPTIONS") return preflightReply(request.headers, origin);
  return withCrossOrigin(await routeReply(site, door, { request, target, asker }), origin);
}

/** Only members' pages: whoever else asks from another origin is told nothing. */
const isMeshPage = ({ api }: Site, origin: string): boolean =>
  [...api.admission.pages().values()].some((page) => page.origin === origin);

interface Asked {
  readonly request: IncomingMessage;
  readonly target: { readonly pathname: string; readonly searchParams: URLSearchParams };
  readonly asker: Asker;
}

function localReply(site: Site, door: Door, asked: Asked): Promise<Reply> | Reply {
  const { request, target } = asked;
  const file = site.page.get(target.pathname);
  if (file === undefined || !isRead(request)) return routeReply(site, door, asked);
  return pageReply(file, request.headers, [...site.api.admission.pages().values()]);
}

function routeReply(site: Site, door: Door, { request, target, asker }: Asked): Promise<Reply> | Reply {
  const match = matchRoutes(target.pathname);
  const route = match?.routes.find(({ method }) => method === methodOf(request));
  const { headers } = request;
  const knock = { headers, asker, secure: door.secure, mayChange: !isRead(request) };
  const isOpen = route?.access === "open" || route?.access === "sign-in";
  const admitted = isOpen ? undefined : callerOf(keeperOf(site), knock);
  if (admitted?.ok === false) return refusalReply(admitted.error);
  const caller = admitted?.value;
  if (caller !== undefined) door.crowd.welcome(request.socket, whoIs(caller));
  if (match === undefined) return NOT_FOUND;
  if (route === undefined) return wrongMethod(match);
  if (route.access === "program" && caller?.type !== "program") return PROGRAMS_ONLY;
  return route.handle({
    api: apiOf(site, caller),
    caller,
    from: originsOf(door, request, asker),
    signIn: site.signIn,
    snapshot: site.snapshot,
    feeds: site.feeds,
    parameters: match.parameters,
    query: target.searchParams,
    body: () => readJsonBody(request, route.access === "sign-in" ? HTTP_LIMITS.signInBytes : HTTP_LIMITS.bodyBytes),
    serverMetrics: () => serverMetrics(site),
  });
}

/** Programs are all of one: whoever runs this machine. */
const whoIs = (caller: Caller): string => (caller.type === "program" ? "" : caller.session.member);

const keeperOf = ({ api, isToken, signIn }: Site): Parameters<typeof callerOf>[0] => ({
  node: api.nodeId,
  isToken,
  sessions: signIn.sessions,
  admission: api.admission,
});

/** Whatever a route does, it does in the name of whoever asked. */
function apiOf(site: Site, caller: Caller | undefined): NodeApi {
  const { api } = site;
  const actor = actorOf(caller);
  if (caller === undefined || actor === undefined) return api;
  return {
    ...api,
    command: (name, input) => api.command(name, input, actor),
    // A log is followed for hours; a session may end meanwhile.
    readLog: (query) => (isStillWelcome(site, caller) ? api.readLog(query) : Promise.resolve(err(SIGNED_OUT))),
  };
}

const SIGNED_OUT: CommandError = { code: "not-allowed", message: "The session has ended. Sign in again." };

function originsOf(door: Door, request: IncomingMessage, asker: Asker): Origins {
  const { headers } = request;
  const { origin = "" } = headers;
  const { secure, hosts } = door;
  return {
    asker,
    // What the page of another node makes a browser here do is not this machine's own word.
    isOfThisMachine: asker !== "mesh" && isOfThisMachine(request),
    isOwnPage: isSameOrigin(headers, secure),
    secure: secure || origin.startsWith("https://"),
    origin,
    hosts,
  };
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

const refusalReply = ({ status, code, message }: CallerRefusal): Reply =>
  errorReply(status, { code, message }, status === 401 ? { "WWW-Authenticate": "Bearer" } : {});

const PROGRAMS_ONLY: Reply = errorReply(403, {
  code: "not-allowed",
  message:
    "This is for programs of the node's own machine, which send its token. A browser's session does not reach it.",
});

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

function upgrade(site: Site, door: Door, { request, socket, head }: Upgrade): void {
  // Until the socket is handed over nobody else listens, and an unheard error would end the process.
  const ignore = (): void => {};
  socket.on("error", ignore);
  const admitted = admitSocket(site, door, request);
  if (!admitted.ok) {
    const status = admitted.error;
    socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    socket.once("finish", () => socket.destroy());
    return;
  }
  socket.off("error", ignore);
  const caller = admitted.value;
  door.crowd.welcome(request.socket, whoIs(caller));
  const story = storyOf(parseTarget(request)?.pathname ?? "");
  const person = { ...writerIn(site, caller), mayEdit: () => mayEdit(site, caller) };
  site.yjs.accept(request, socket, head, {
    isWelcome: () => isStillWelcome(site, caller),
    enter: story === undefined ? undefined : storyRoom(site.api, story, person),
  });
}

/** An open page keeps its session; one that has ended, or whose member was removed, loses its socket. */
function isStillWelcome({ signIn, api }: Site, caller: Caller): boolean {
  if (caller.type === "program") return true;
  return signIn.sessions.touch(caller.session.id) && standingOf(api.admission, caller.session) !== undefined;
}

const writerIn = ({ api }: Site, caller: Caller): Writer =>
  caller.type === "program"
    ? { name: api.name, member: undefined }
    : { name: caller.standing.name, member: caller.session.member };

/** Asked at every edit: roles change and sessions end while an editor is open. What the node itself may not, nobody may here. */
function mayEdit(site: Site, caller: Caller): boolean {
  if (caller.type === "program") return true;
  const standing = isStillWelcome(site, caller) ? standingOf(site.api.admission, caller.session) : undefined;
  return standing !== undefined && roleAtLeast(leastRole(standing.role, caller.session.role), "operator");
}

/**
 * A browser cannot set headers on a WebSocket. Its cookie comes by itself; the page's key, and the secret of another node's
 * page, come among the socket's protocols, and a program's token may be in the query.
 */
function admitSocket(site: Site, door: Door, request: IncomingMessage): Result<Caller, number> {
  const { headers } = request;
  const judged = judgeForeign(request, door.hosts, (origin) => isMeshPage(site, origin));
  if (!judged.ok) return err(judged.error.status);
  const target = parseTarget(request);
  if (target === undefined) return err(400);
  const inQuery = target.pathname.startsWith(YJS_PATH) ? target.searchParams.get("token") : null;
  const inProtocol = protocolWord(headers["sec-websocket-protocol"], "bearer");
  const token = {
    ...(inQuery === null ? {} : { inQuery }),
    ...(inProtocol === undefined ? {} : { inProtocol }),
  };
  const pageKey = protocolWord(headers["sec-websocket-protocol"], "page");
  const knock = { headers, asker: judged.value, secure: door.secure, mayChange: true, token, pageKey };
  const caller = callerOf(keeperOf(site), knock);
  if (!caller.ok) return err(caller.error.status);
  if (target.pathname !== `${YJS_PATH}${YJS_ROOM}` && storyOf(target.pathname) === undefined) return err(404);
  return site.yjs.isFull() ? err(503) : ok(caller.value);
}
