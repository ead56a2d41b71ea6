/** `skein up` and `skein agent`: runs a node until it is told to stop. */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { equalBytes, parseTicket, type Signer, type Ticket, toHex } from "@skein/core";
import { createHttpServer, type HttpServer } from "@skein/http";
import { createSigner, type GrowthSettings, type LinkRefusal, type Logger, type Node, systemClock } from "@skein/node";
import { createPeerNet } from "@skein/peer-websocket";
import { endLeftovers } from "@skein/process";

import { createSnapshots, forgetSnapshots } from "./backup/snapshot.ts";
import { createSessionStore } from "./browser-sessions.ts";
import { type Chat, createChat } from "./chat.ts";
import { composeNode, forgetAsks, LogDoesNotFit, ownerOf } from "./compose.ts";
import {
  countBoot,
  type DataDirectory,
  defaultNodeName,
  encodeText,
  holdsNode,
  openDataDirectory,
  rememberMesh,
} from "./data-directory.ts";
import { nearPagesDirectory } from "./default-directory.ts";
import { removeEndpoints, writeEndpoints } from "./endpoints.ts";
import { Failure, orFail, reasonOf } from "./failure.ts";
import { createLogger } from "./log-output.ts";
import { createNearPages, machineMark, type NearPages } from "./near-pages.ts";
import { repairLog } from "./repair-log.ts";
import { isNearPage, toldPage, type WebSettings, webSettings } from "./web-settings.ts";

export interface UpOptions {
  readonly data: string;
  readonly listen: string | undefined;
  readonly http: string | undefined;
  readonly rendezvous: readonly string[];
  readonly ticket: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly headless: boolean;
  readonly jsonLog: boolean;
  readonly verbose: boolean;
  readonly name: string | undefined;
  readonly slots: number;
  readonly growth: Partial<GrowthSettings>;
  readonly advertise: readonly string[];
  /** Origin of the page to tell other nodes; goes before `http.advertise` in node.yaml. */
  readonly advertiseHttp: string | undefined;
  /** Beyond this machine without TLS is what the person wants. */
  readonly insecureHttp: boolean;
  /** The log failed under the running node: the process must end at once, without another word to anybody. */
  readonly onUnusable: (message: string) => void;
}

export interface RunningNode {
  readonly node: Node;
  readonly endpoints: { readonly peer: string; readonly http: string };
  /** What it tells other nodes to dial. */
  readonly announced: readonly string[];
  /** Origin of the board page for people of this machine. */
  readonly page: string;
  /** Another address every time, which signs in one browser. */
  loginLink(): string;
  /** Resolves when the node has stopped; rejects with a Failure when it cannot go on. */
  readonly stopped: Promise<void>;
  stop(): void;
}

interface Identity {
  readonly mesh: Uint8Array;
  readonly ticket: Signer | null;
  readonly rendezvous: readonly string[];
}

const DEFAULT_PEER = { host: "127.0.0.1", port: 4710 };
const DEFAULT_HTTP = { host: "127.0.0.1", port: 4711 };

export async function up(options: UpOptions): Promise<RunningNode> {
  const log = createLogger({
    json: options.jsonLog,
    level: options.verbose ? "debug" : "info",
    write: (line) => process.stderr.write(line),
  });
  checkWords(options);
  const web = webSettings({ ...options, host: httpAddress(options).host });
  const isNew = !existsSync(options.data);
  const onRepaired = (message: string): void => log("error", "log.repaired", { message });
  const { onUnusable } = options;
  const open = (): DataDirectory =>
    openDataDirectory(options.data, { create: options.ticket !== undefined, onRepaired, onUnusable });
  let data = open();
  try {
    return await run({ options, data, log, web }).catch((cause: unknown) => {
      if (!(cause instanceof LogDoesNotFit)) throw cause;
      data.close();
      onRepaired(repairLog(resolve(options.data), cause.damage));
      data = open();
      return run({ options, data, log, web });
    });
  } catch (cause) {
    data.close();
    // Nothing half-written: a directory that this start made, and that no node lives in yet, goes again.
    if (isNew) rmSync(data.path, { recursive: true, force: true });
    throw cause;
  }
}

/** What can be said about the command line alone is said before anything is made on the disk. */
function checkWords({ data, listen, http, rendezvous, ticket }: UpOptions): void {
  if (listen !== undefined) parseAddress(listen, "--listen");
  if (http !== undefined) parseAddress(http, "--http");
  for (const url of rendezvous) checkPeerUrl(url);
  if (ticket === undefined) return;
  readTicket(ticket);
  if (existsSync(data) && !holdsNode(data) && readdirSync(data).length > 0) {
    throw new Failure(`${data} is not empty and holds no node. Choose another directory with --data.`);
  }
}

function checkPeerUrl(url: string): void {
  const { protocol } = URL.canParse(url) ? new URL(url) : { protocol: "" };
  if (protocol === "ws:" || protocol === "wss:") return;
  throw new Failure(`--rendezvous takes a node's address like ws://192.0.2.7:4710; "${url}" is not one.`, 2);
}

const readTicket = (text: string): Ticket =>
  orFail(parseTicket(text), (problem) => `The ticket is not good: ${problem}.`);

interface Run {
  readonly options: UpOptions;
  readonly data: DataDirectory;
  readonly log: Logger;
  readonly web: WebSettings;
}

async function run({ options, data, log, web }: Run): Promise<RunningNode> {
  const identity = identify(options, data);
  const name = nameOf(options, data);
  if (data.name !== name) save(data, "name", encodeText(name));
  if (data.mesh === undefined || !equalBytes(data.mesh, identity.mesh)) save(data, "mesh", identity.mesh);
  rememberMesh(data.path, data.store);
  let announced: readonly string[] = options.advertise;
  let page = "";
  let fail = (_failure: Failure): void => undefined;
  const near = nearPagesOf(identity.mesh, log);
  const net = createPeerNet();
  let chat: Chat | undefined;
  await endLeftovers(ownerOf(data.path));
  forgetAsks(data.path);
  forgetSnapshots(data.path);
  const node = composeNode({
    data,
    net,
    log,
    name,
    mesh: identity.mesh,
    ticket: identity.ticket,
    rendezvous: identity.rendezvous,
    boot: countBoot(data.store),
    slots: options.slots,
    growth: options.growth,
    idle: options.slots === 0 ? "It was started without slots (--slots 0), so it does no work." : null,
    labels: options.labels,
    announced: () => announced,
    page: () => page,
    nearPages: () => near.others(),
    transports: () => chat?.states() ?? [],
    onRefused: (refusal) => {
      if (isFinal(refusal)) fail(new Failure(`${refusal.peer} does not let this node in: ${refusal.message}.`));
    },
  });
  const bound = async (): Promise<{ peer: string; http: HttpServer; chat: Chat }> => {
    const rooms = await createChat(data.path, node, log);
    chat = rooms;
    const peer = await listenForPeers(node, options.listen);
    return { peer, http: await listenForPeople({ node, data, options, chat: rooms, web }), chat: rooms };
  };
  const {
    peer,
    http,
    chat: rooms,
  } = await bound().catch(async (cause: unknown) => {
    // A socket that stays open would keep this process alive after its last word.
    await net.close();
    throw cause;
  });
  if (announced.length === 0) announced = announce(peer);
  const pageUrl = options.headless ? "" : http.pageUrl;
  page = toldPage(web, pageUrl);
  if (isNearPage(web, pageUrl)) near.tell(node.api.nodeId, pageUrl);
  const endpoints = { peer, http: http.url };
  try {
    writeEndpoints(data.path, endpoints);
  } catch (cause) {
    removeEndpoints(data.path);
    await http.close();
    await node.stop();
    throw cause;
  }
  node.start();
  rooms.start();
  log("info", "node.up", { node: name, mesh: toHex(identity.mesh).slice(0, 12), peer, http: http.url });

  const ending = createEnding({ node, http, chat: rooms, data, near });
  fail = (failure) => ending.end(failure);
  return {
    node,
    endpoints,
    announced,
    page: http.pageUrl,
    loginLink: () => http.loginLink(),
    stopped: ending.stopped,
    stop: () => ending.end(undefined),
  };
}

/**
 * The name a node joined with is in the log and stays. Until then it is what the person says, or the host name with the
 * beginning of the key: several nodes of one machine are told apart.
 */
function nameOf({ name }: UpOptions, data: DataDirectory): string {
  const joined = data.store.frame(1) !== undefined;
  if (joined && data.name !== undefined) return data.name;
  return name ?? data.name ?? `${defaultNodeName()}-${toHex(data.keys.current().publicKey).slice(0, 4)}`;
}

interface Ending {
  readonly node: Node;
  readonly http: HttpServer;
  readonly chat: Chat;
  readonly data: DataDirectory;
  readonly near: NearPages;
}

function createEnding({ node, http, chat, data, near }: Ending): {
  readonly stopped: Promise<void>;
  end: (failure: Failure | undefined) => void;
} {
  let resolveStopped = (): void => undefined;
  let rejectStopped = (_failure: Failure): void => undefined;
  const stopped = new Promise<void>((resolve, reject) => {
    resolveStopped = resolve;
    rejectStopped = reject;
  });
  let ending = false;
  return {
    stopped,
    end: (failure) => {
      if (ending) return;
      ending = true;
      void (async () => {
        removeEndpoints(data.path);
        near.withdraw();
        await http.close();
        // The leases on accounts are given back while the node still writes.
        await chat.stop();
        await node.stop();
        data.close();
        if (failure === undefined) resolveStopped();
        else rejectStopped(failure);
      })();
    },
  };
}

const nearPagesOf = (mesh: Uint8Array, log: Logger): NearPages =>
  createNearPages({
    directory: nearPagesDirectory(),
    mesh: toHex(mesh),
    machine: machineMark(),
    nowMs: () => systemClock.monoMs(),
    onTrouble: (cause) =>
      log("warn", "page.neighbours", {
        message: `Open pages will not go on with other nodes of this machine by themselves: ${reasonOf(cause)}.`,
      }),
  });

function save(data: DataDirectory, key: string, value: Uint8Array): void {
  orFail(data.store.putMeta(key, value), (error) => `Nothing can be saved in ${data.path}: ${error.message}.`);
}

/** Which mesh this directory belongs to, or is about to join. One that never got in may still join any mesh. */
function identify({ ticket: text, rendezvous, data: path }: UpOptions, data: DataDirectory): Identity {
  const joined = data.store.frame(1) !== undefined ? data.mesh : undefined;
  if (text === undefined) {
    if (data.mesh !== undefined) return { mesh: data.mesh, ticket: null, rendezvous };
    throw new Failure(
      `The node in ${path} belongs to no mesh yet. Join with --rendezvous URL --ticket T, or run \`skein init\`.`,
    );
  }
  const ticket = readTicket(text);
  if (joined !== undefined && !equalBytes(joined, ticket.mesh)) {
    throw new Failure(`${path} belongs to another mesh than the ticket. Choose another directory with --data.`);
  }
  const addresses = rendezvous.length > 0 ? rendezvous : ticket.addresses;
  if (addresses.length === 0)
    throw new Failure("The ticket names no address. Add --rendezvous URL of any node of the mesh.");
  if (joined === undefined && ticket.expires < systemClock.wallMs()) {
    throw new Failure("The ticket has expired. Ask for a new one: `skein invite` prints it.");
  }
  return { mesh: ticket.mesh, ticket: createSigner(ticket.seed), rendezvous: addresses };
}

/** Refusals that trying again will not heal. A node that has not heard of a ticket yet may hear of it soon. */
function isFinal(refusal: LinkRefusal): boolean {
  const final = [
    "spent-ticket",
    "expired-ticket",
    "dead-ticket",
    "wrong-mesh",
    "removed",
    "rotated",
    "bad-proof",
    "version",
    "not-a-member",
  ];
  return final.includes(refusal.code);
}

// ── addresses ───────────────────────────────────────────────────────────────────────────────────────────────────────

function parseAddress(text: string, flag: string): { host: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:\s]+)):([0-9]{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined || port > 65_535) {
    throw new Failure(`${flag} takes HOST:PORT, like 127.0.0.1:4710; "${text}" is not one.`, 2);
  }
  return { host, port };
}

const httpAddress = ({ http }: UpOptions): { host: string; port: number } =>
  http === undefined ? DEFAULT_HTTP : parseAddress(http, "--http");

/** A port that was asked for must be had; the usual one gives way to any free one. */
async function listenForPeers(node: Node, listen: string | undefined): Promise<string> {
  if (listen !== undefined) return orFail(await node.listen(parseAddress(listen, "--listen")), (problem) => problem);
  const usual = await node.listen(DEFAULT_PEER);
  return usual.ok ? usual.value : orFail(await node.listen({ ...DEFAULT_PEER, port: 0 }), (problem) => problem);
}

interface People {
  readonly node: Node;
  readonly data: DataDirectory;
  readonly options: UpOptions;
  readonly chat: Chat;
  readonly web: WebSettings;
}

async function listenForPeople({ node, data, options, chat, web }: People): Promise<HttpServer> {
  const assets = join(dirname(fileURLToPath(import.meta.resolve("@skein/board/package.json"))), "dist");
  const serve = (address: { host: string; port: number }): ReturnType<typeof createHttpServer> =>
    createHttpServer({
      api: node.api,
      ...address,
      token: data.token,
      snapshot: createSnapshots(data),
      assetsDirectory: options.headless ? undefined : assets,
      // Grows from start to start: a page that kept its copy sees what this start says, not what the last one said.
      clientId: Math.floor(systemClock.wallMs() / 1_000) >>> 0,
      allowedHosts: [...web.hosts, ...(isEverywhere(address.host) ? ownAddresses() : [])],
      tls: web.tls,
      pageOrigin: web.told,
      sessions: createSessionStore(data.path, (problem) => process.stderr.write(`${problem}\n`)),
      hooks: (kind, account, request) => chat.hooks(kind, account, request),
      report: (problem) => process.stderr.write(`${problem}\n`),
    });
  if (options.http !== undefined) return orFail(await serve(httpAddress(options)), (problem) => problem);
  const usual = await serve(DEFAULT_HTTP);
  return usual.ok ? usual.value : orFail(await serve({ ...DEFAULT_HTTP, port: 0 }), (problem) => problem);
}

const isEverywhere = (host: string): boolean => host === "0.0.0.0" || host === "::";

const ownAddresses = (): readonly string[] =>
  Object.values(networkInterfaces()).flatMap((addresses) =>
    (addresses ?? []).filter((one) => !one.internal && one.family === "IPv4").map((one) => one.address),
  );

/** What others may dial: the address as bound, or this machine's own ones when it listens everywhere. */
function announce(bound: string): readonly string[] {
  const url = new URL(bound);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (!isEverywhere(host)) return [bound];
  const own = ownAddresses().map((address) => `ws://${address}:${url.port}`);
  return own.length > 0 ? own.slice(0, 4) : [`ws://127.0.0.1:${url.port}`];
}
