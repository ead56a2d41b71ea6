/**
 * Every route of the API as one table: the server matches against it, and tests walk it to ask each route for what must
 * be true of all of them. A path that is in no table is refused without a token, so forgetting is safe.
 */
import type { NodeApi } from "@skein/node";
import type { BodyRefusal } from "./json-body.ts";
import { type CommandError, err, OF_ONE_MACHINE, ok, type Result, type StoryText } from "@skein/core";
import type { Asker } from "./access.ts";
import type { Caller } from "./caller.ts";
import { HTTP_LIMITS } from "./limits.ts";
import { type FeedSlots, logFeed, type LogQuery } from "./log-feed.ts";
import { metricsText, type Metric } from "./metrics-text.ts";
import type { SignInDesk } from "./sign-in/desk.ts";
import { SIGN_IN_ROUTES } from "./sign-in/routes.ts";
import { commandErrorReply, errorReply, jsonReply, type Reply } from "./reply.ts";

export interface RouteRequest {
  /** The node as the caller may use it: commands are given in their name. */
  readonly api: NodeApi;
  /** Undefined on open routes, where nobody is asked who they are. */
  readonly caller: Caller | undefined;
  readonly from: Origins;
  readonly signIn: SignInDesk;
  /** Parts of the path by the name the route gives them, decoded. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly query: URLSearchParams;
  /** Reads the JSON body; at most once. */
  readonly body: () => Promise<Result<unknown, BodyRefusal>>;
  readonly snapshot: () => Promise<Result<string, CommandError>>;
  readonly feeds: FeedSlots;
  /** The server's own numbers, beside the node's. */
  readonly serverMetrics: () => ReadonlyMap<string, Metric>;
}

/** Where a request comes from, as the server has judged it. */
export interface Origins {
  readonly asker: Asker;
  /** Sent by a program, or by this node's own page, on the node's own machine. */
  readonly isOfThisMachine: boolean;
  /** It was sent by the page of this very origin. */
  readonly isOwnPage: boolean;
  /** The browser reaches this server over TLS, its own or a proxy's. */
  readonly secure: boolean;
  /** The `Origin` header; empty without one. */
  readonly origin: string;
  /** Lower-case names, with ports, by which this server may be called. */
  readonly hosts: ReadonlySet<string>;
}

/**
 * Who a route answers. `open`: anybody. `sign-in`: whoever shows by a code, a key or a pass who they are. `token`: programs
 * with the token and people with a session, each with their role. `program`: the token alone, which is this machine's own.
 */
type Access = "open" | "sign-in" | "token" | "program";

export interface Route {
  readonly method: "GET" | "POST";
  /** Segments that start with a colon stand for any one segment. */
  readonly path: string;
  readonly access: Access;
  readonly handle: (request: RouteRequest) => Promise<Reply> | Reply;
}

/** y-websocket at `/yjs/<room>`; reached by an upgrade, not by a request. */
export const YJS_PATH = "/yjs/";
export const YJS_ROOM = "board";

/** A story by its item's id, and the criteria beside it. Clients write the slashes as they are or encoded. */
const YJS_STORY = /^item\/([0-9a-z]{12})(\/criteria)?$/;

/** The text that the path names: the story of an item, or its criteria. */
export function storyOf(pathname: string): StoryText | undefined {
  const room = pathname.startsWith(YJS_PATH) ? pathname.slice(YJS_PATH.length).replaceAll(/%2f/gi, "/") : "";
  const found = YJS_STORY.exec(room);
  const item = found?.[1];
  return item === undefined ? undefined : { item, field: found?.[2] === undefined ? "text" : "criteria" };
}

const query = (path: string, command: string): Route => ({
  method: "GET",
  path,
  access: "token",
  handle: async (request) => {
    const input = queryInput(request);
    return input.ok ? runQuery(request.api, command, input.value) : input.error;
  },
});

export const ROUTES: readonly Route[] = [
  { method: "GET", path: "/healthz", access: "open", handle: health },
  { method: "GET", path: "/metrics", access: "program", handle: metrics },
  ...SIGN_IN_ROUTES,
  { method: "GET", path: "/api/v1/node", access: "token", handle: describeNode },
  query("/api/v1/digest", "digest"),
  query("/api/v1/items", "item.list"),
  query("/api/v1/items/:item", "item.show"),
  query("/api/v1/items/:item/history", "item.history"),
  query("/api/v1/items/:item/diff", "item.diff"),
  query("/api/v1/claims", "claims"),
  query("/api/v1/nodes", "nodes"),
  query("/api/v1/mesh", "mesh"),
  query("/api/v1/flow", "flow"),
  query("/api/v1/timeline", "timeline"),
  query("/api/v1/queue", "queue"),
  query("/api/v1/queue/blame", "queue.blame"),
  query("/api/v1/members", "members"),
  query("/api/v1/forks", "forks"),
  query("/api/v1/effects", "effects"),
  query("/api/v1/doctor", "doctor"),
  query("/api/v1/projects", "projects"),
  query("/api/v1/artifacts", "artifacts"),
  { method: "GET", path: "/api/v1/artifacts/:digest", access: "token", handle: readArtifact },
  query("/api/v1/costs", "costs"),
  query("/api/v1/budget", "budget"),
  { method: "GET", path: "/api/v1/logs/:item", access: "token", handle: readLog },
  { method: "GET", path: "/api/v1/logs/:item/stream", access: "token", handle: followLog },
  { method: "POST", path: "/api/v1/commands", access: "token", handle: runCommand },
  { method: "POST", path: "/api/v1/snapshots", access: "program", handle: takeSnapshot },
];

export interface RouteMatch {
  /** The routes with this path, one per method. */
  readonly routes: readonly Route[];
  readonly parameters: ReadonlyMap<string, string>;
}

/** Undefined when no route has this path. */
export function matchRoutes(pathname: string): RouteMatch | undefined {
  let parameters: ReadonlyMap<string, string> = new Map();
  const routes = ROUTES.filter((route) => {
    const matched = matchPath(route.path, pathname);
    if (matched !== undefined) parameters = matched;
    return matched !== undefined;
  });
  return routes.length === 0 ? undefined : { routes, parameters };
}

function matchPath(pattern: string, pathname: string): ReadonlyMap<string, string> | undefined {
  const wanted = pattern.split("/");
  const given = pathname.split("/");
  if (wanted.length !== given.length) return undefined;
  const parameters = new Map<string, string>();
  for (const [index, segment] of wanted.entries()) {
    const value = given[index] ?? "";
    if (!segment.startsWith(":")) {
      if (segment !== value) return undefined;
      continue;
    }
    const decoded = decodeSegment(value);
    if (decoded === undefined) return undefined;
    parameters.set(segment.slice(1), decoded);
  }
  return parameters;
}

/** Undefined for what is no text, is empty, or is longer than any id. */
function decodeSegment(segment: string): string | undefined {
  try {
    const text = decodeURIComponent(segment);
    return text === "" || text.length > HTTP_LIMITS.parameterLength ? undefined : text;
  } catch {
    return undefined;
  }
}

function health({ api }: RouteRequest): Reply {
  const health = api.health();
  if (health.status === "ok") return jsonReply(200, { status: "ok" });
  // A node with an alarm works: whoever routes requests by this answer must not take it out.
  return jsonReply(health.status === "alarm" ? 200 : 503, { status: health.status, reasons: health.reasons });
}

function metrics({ api, serverMetrics }: RouteRequest): Reply {
  return {
    status: 200,
    contentType: "text/plain; version=0.0.4; charset=utf-8",
    body: metricsText(new Map([...api.metrics(), ...serverMetrics()])),
  };
}

/** Who answers here. The page asks this to tell a wrong token from a node that is away. */
function describeNode({ api }: RouteRequest): Reply {
  return jsonReply(200, { mesh: api.meshId, node: api.nodeId, name: api.name });
}

type QueryInput = Readonly<Record<string, string | boolean>>;

async function runQuery(api: NodeApi, command: string, input: QueryInput): Promise<Reply> {
  const result = await api.command(command, input);
  return result.ok ? jsonReply(200, result.value) : commandErrorReply(result.error);
}

/** The path's parts and the query's parameters as one flat object, which the command itself checks. */
function queryInput({ parameters, query }: RouteRequest): Result<QueryInput, Reply> {
  const input = new Map<string, string | boolean>(parameters);
  for (const [name, value] of query) {
    if (input.has(name)) return err(badInput(`The parameter "${name}" is given twice. Give it once.`));
    // A query has no types; these two words are meant as flags in every command that takes one.
    input.set(name, value === "true" || value === "false" ? value === "true" : value);
  }
  return ok(Object.fromEntries(input));
}

const badInput = (message: string): Reply => errorReply(400, { code: "bad-input", message });

async function readLog(request: RouteRequest): Promise<Reply> {
  const wanted = logQuery(request);
  if (wanted === undefined) return BAD_PLACE;
  const chunk = await request.api.readLog(wanted);
  return chunk.ok ? jsonReply(200, chunk.value) : commandErrorReply(chunk.error);
}

function followLog(request: RouteRequest): Promise<Reply> | Reply {
  const wanted = logQuery(request);
  return wanted === undefined ? BAD_PLACE : logFeed(request.api, wanted, request.feeds);
}

function logQuery({ parameters, query }: RouteRequest): LogQuery | undefined {
  const item = parameters.get("item") ?? "";
  const epoch = wholeNumber(query.get("epoch"));
  const offset = wholeNumber(query.get("offset") ?? "0");
  if (epoch === "invalid" || offset === "invalid" || offset === undefined) return undefined;
  return epoch === undefined ? { item, offset } : { item, epoch, offset };
}

const BAD_PLACE: Reply = badInput('"epoch" and "offset" are whole numbers from 0.');

/** Anything may be in it, so no browser is to show it: it is saved, under a name that is only a name. */
async function readArtifact({ api, parameters }: RouteRequest): Promise<Reply> {
  const read = await api.readArtifact(parameters.get("digest") ?? "");
  if (!read.ok) return commandErrorReply(read.error);
  const { file, bytes } = read.value;
  const name = `${file.item}-${file.epoch}-${file.name}`.replaceAll(/[^A-Za-z0-9._-]/g, "_").slice(-100);
  return {
    status: 200,
    contentType: "application/octet-stream",
    body: bytes,
    headers: { "Content-Disposition": `attachment; filename="${name}"`, "X-Skein-Digest": file.digest },
  };
}

function wholeNumber(text: string | null): number | undefined | "invalid" {
  if (text === null) return undefined;
  const value = Number(text);
  return /^\d{1,16}$/.test(text) && Number.isSafeInteger(value) ? value : "invalid";
}

async function runCommand({ api, body, from }: RouteRequest): Promise<Reply> {
  const parsed = await body();
  if (!parsed.ok) return errorReply(parsed.error.status, parsed.error);
  const command = readCommand(parsed.value);
  if (command === undefined) {
    return badInput('The body must be {"name": "<command>", "input": {…}} with nothing beside.');
  }
  if (OF_ONE_MACHINE.has(command.name) && !from.isOfThisMachine) return FROM_ELSEWHERE;
  const result = await api.command(command.name, command.input);
  return result.ok ? jsonReply(200, { ok: true, result: result.value }) : commandErrorReply(result.error);
}

const FROM_ELSEWHERE: Reply = errorReply(403, {
  code: "not-allowed",
  message:
    "Paths on a node's disk are named on its own machine: open the page there at http://127.0.0.1, or use `skein project begin` in a terminal of it.",
});

/** No path crosses the API: the node chooses the place, and who asked finds it in the data directory. */
async function takeSnapshot({ snapshot }: RouteRequest): Promise<Reply> {
  const taken = await snapshot();
  return taken.ok ? jsonReply(200, { snapshot: taken.value }) : commandErrorReply(taken.error);
}

function readCommand(body: unknown): { readonly name: string; readonly input: unknown } | undefined {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return undefined;
  const { name, input = {}, ...rest } = body as { readonly name?: unknown; readonly input?: unknown };
  if (typeof name !== "string" || name.length > HTTP_LIMITS.parameterLength) return undefined;
  return Object.keys(rest).length === 0 ? { name, input } : undefined;
}
