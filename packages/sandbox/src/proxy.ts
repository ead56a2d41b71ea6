/**
 * The one way out of a room: an HTTP proxy on a unix socket that only the room has. It reads the head of one request with a
 * parser of its own that knows one spelling of everything, judges it, and then passes bytes.
 *
 *     head (bounded, in time) ─► CONNECT name:port ─┐
 *                             └► METHOD http://name ┴► judge ─► resolve ─► public? ─► connect ─► bytes, bounded
 *
 * The address that was judged is the address that is dialed: nobody resolves a second time. A server is told to close after
 * one plain request: what a client sends after it was judged by nobody.
 */
import { lookup } from "node:dns/promises";
import { connect, createServer, type Server, type Socket } from "node:net";

import { err, ok, type Result } from "@skein/core";

import { type Destination, type Egress, judge, parseAuthority, parsePlainUrl } from "./egress.ts";
import { isPublicAddress } from "./public-address.ts";

export interface ProxyOptions {
  readonly socket: string;
  readonly egress: Egress;
  /** Hears one sentence for each thing that is refused. */
  readonly onRefused: (message: string) => void;
  /** All addresses of a name; the machine's own resolver when left out. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
  readonly limits?: Partial<ProxyLimits>;
}

export interface ProxyLimits {
  readonly connections: number;
  readonly headMs: number;
  readonly idleMs: number;
  /** Both ways, of all connections together. */
  readonly bytes: number;
  /** More refusals than this are not told one by one. */
  readonly told: number;
}

export interface Proxy {
  close(): Promise<void>;
}

const LIMITS: ProxyLimits = {
  connections: 64,
  headMs: 10_000,
  idleMs: 300_000,
  bytes: 16 * 1024 ** 3,
  told: 100,
};
const HEAD_BYTES = 16_384;
const SHOWN_LENGTH = 120;

interface Desk {
  readonly options: ProxyOptions;
  readonly limits: ProxyLimits;
  readonly resolve: (host: string) => Promise<readonly string[]>;
  readonly open: Set<Socket>;
  readonly refused: Map<string, number>;
  bytes: number;
}

export async function openProxy(options: ProxyOptions): Promise<Result<Proxy, string>> {
  const desk: Desk = {
    options,
    limits: { ...LIMITS, ...options.limits },
    resolve: options.resolve ?? resolveAll,
    open: new Set(),
    refused: new Map(),
    bytes: 0,
  };
  const server = createServer({ allowHalfOpen: false }, (client) => void serve(desk, client));
  server.maxConnections = desk.limits.connections;
  const listening = await listen(server, options.socket);
  if (!listening.ok) return listening;
  return ok({
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of desk.open) socket.destroy();
      }),
  });
}

function listen(server: Server, path: string): Promise<Result<void, string>> {
  return new Promise((resolve) => {
    server.once("error", (cause) => resolve(err(`The sandbox's way out cannot be opened: ${cause.message}.`)));
    server.listen(path, () => resolve(ok(undefined)));
  });
}

async function resolveAll(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true, verbatim: true })).map(({ address }) => address);
}

/** Never throws: what happens to one connection is nobody else's business. */
async function serve(desk: Desk, client: Socket): Promise<void> {
  keep(desk, client);
  const head = await readHead(client, desk.limits.headMs);
  if (head === undefined) {
    client.destroy();
    return;
  }
  const request = readRequest(head.text);
  if (!request.ok) {
    refuse(desk, client, "a request", request.error);
    return;
  }
  const { destination } = request.value;
  const reached = await reach(desk, destination);
  if (!reached.ok) {
    refuse(desk, client, `${destination.host}:${destination.port}`, reached.error);
    return;
  }
  if (client.destroyed) {
    reached.value.destroy();
    return;
  }
  if (destination.isTunnel) client.write("HTTP/1.1 200 Connection established\r\n\r\n");
  else reached.value.write(request.value.forwarded);
  pass(desk, client, reached.value, head.rest);
}

function keep({ open, limits }: Desk, socket: Socket): void {
  open.add(socket);
  socket.setTimeout(limits.idleMs, () => socket.destroy());
  // A connection that breaks is a connection that ends.
  socket.on("error", () => socket.destroy());
  socket.once("close", () => open.delete(socket));
}

// ── the head ────────────────────────────────────────────────────────────────────────────────────────────────────────

interface Head {
  readonly text: string;
  readonly rest: Buffer;
}

/** Undefined when there is no whole head in time and size, or the client is gone. */
function readHead(client: Socket, withinMs: number): Promise<Head | undefined> {
  return new Promise((resolve) => {
    let bytes = Buffer.alloc(0);
    const finish = (head: Head | undefined): void => {
      clearTimeout(timer);
      client.off("data", onData);
      client.off("close", onClose);
      client.pause();
      resolve(head);
    };
    const onClose = (): void => finish(undefined);
    const onData = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk]);
      const end = bytes.indexOf("\r\n\r\n");
      if (end >= 0 && end <= HEAD_BYTES) {
        finish({ text: bytes.toString("latin1", 0, end), rest: bytes.subarray(end + 4) });
      } else if (bytes.length > HEAD_BYTES) finish(undefined);
    };
    const timer = setTimeout(onClose, withinMs);
    client.on("data", onData);
    client.once("close", onClose);
  });
}

interface ProxyRequest {
  readonly destination: Destination;
  /** The head as the server gets it, where it is not a tunnel. */
  readonly forwarded: string;
}

const METHOD = /^[A-Z]{1,16}$/;
const HEADER = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*$/;
/** Between the client and this proxy, or what could make a server see another host or another request than was judged. */
const DROPPED = /^(?:host|connection|proxy-[a-z-]+|keep-alive|te|trailer|upgrade):/i;

/** Every line is checked before any is believed. */
export function readRequest(text: string): Result<ProxyRequest, string> {
  const [first = "", ...headers] = text.split("\r\n");
  const [method = "", target = "", version = "", ...more] = first.split(" ");
  const isWhole = METHOD.test(method) && /^HTTP\/1\.[01]$/.test(version) && more.length === 0;
  if (!isWhole) return err("it is no HTTP request");
  if (!headers.every((line) => HEADER.test(line))) return err("its headers are not plain");
  const lengths = headers.filter((line) => /^(?:content-length|transfer-encoding):/i.test(line));
  if (lengths.length > 1) return err("it gives its length twice");
  if (method === "CONNECT") {
    const authority = parseAuthority(target);
    return authority.ok ? ok({ destination: { ...authority.value, isTunnel: true }, forwarded: "" }) : authority;
  }
  const url = parsePlainUrl(target);
  if (!url.ok) return url;
  const { host, port, path } = url.value;
  const kept = headers.filter((line) => !DROPPED.test(line));
  const lines = [`${method} ${path} HTTP/1.1`, `Host: ${port === 80 ? host : `${host}:${port}`}`, "Connection: close"];
  return ok({ destination: { host, port, isTunnel: false }, forwarded: `${[...lines, ...kept].join("\r\n")}\r\n\r\n` });
}

// ── out ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

const UNREACHED = "it cannot be reached";

async function reach(desk: Desk, destination: Destination): Promise<Result<Socket, string>> {
  const permitted = judge(destination, desk.options.egress);
  if (!permitted.ok) return permitted;
  const addresses = await desk.resolve(destination.host).catch(() => []);
  if (addresses.length === 0) return err("its name is not known");
  // One private address among public ones is a name that changes its mind.
  if (!permitted.value.mayBePrivate && !addresses.every(isPublicAddress)) {
    return err("its name stands for an address that is not public");
  }
  for (const address of addresses) {
    const server = await dial(desk, address, destination.port);
    if (server !== undefined) return ok(server);
  }
  return err(UNREACHED);
}

function dial(desk: Desk, host: string, port: number): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const server = connect({ host, port });
    keep(desk, server);
    server.setTimeout(desk.limits.headMs, () => server.destroy());
    server.once("close", () => resolve(undefined));
    server.once("connect", () => {
      server.setTimeout(desk.limits.idleMs, () => server.destroy());
      resolve(server);
    });
  });
}

function pass(desk: Desk, client: Socket, server: Socket, rest: Buffer): void {
  const count = (chunk: Buffer): void => {
    desk.bytes += chunk.length;
    if (desk.bytes <= desk.limits.bytes) return;
    tell(desk, "Anything further", `the attempt has passed its ${desk.limits.bytes} bytes`);
    for (const socket of desk.open) socket.destroy();
  };
  if (rest.length > 0) server.write(rest);
  client.on("data", count);
  server.on("data", count);
  client.once("close", () => server.destroy());
  server.once("close", () => client.end());
  client.pipe(server);
  server.pipe(client);
}

// ── refusals ────────────────────────────────────────────────────────────────────────────────────────────────────────

function refuse(desk: Desk, client: Socket, what: string, why: string): void {
  tell(desk, what, why);
  const body = `The sandbox does not let this out: ${why}.\n`;
  const isOurs = why !== UNREACHED;
  client.end(
    `HTTP/1.1 ${isOurs ? "403 Forbidden" : "502 Bad Gateway"}\r\nContent-Type: text/plain\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

/** The same thing once: programs try again and again. */
function tell({ refused, limits, options }: Desk, what: string, why: string): void {
  const message = `Refused on the way out of the sandbox: ${what.slice(0, SHOWN_LENGTH)}, because ${why}.`;
  const times = refused.get(message) ?? 0;
  refused.set(message, times + 1);
  if (times > 0 || refused.size > limits.told + 1) return;
  options.onRefused(
    refused.size > limits.told ? "More was refused on the way out of the sandbox; the rest is not told." : message,
  );
}
