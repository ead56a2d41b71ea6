/**
 * Accepts peers: an HTTP server that knows one path and one thing to do there, becoming a WebSocket.
 *
 * Whoever connects has a place at most until the handshake's time is over, and shorter when others come. Browsers are
 * refused by the Origin header that they alone send and cannot leave out: a web page has no business among peers.
 */
import { err, LIMITS, ok, type Result } from "@skein/core";
import { type Link, type LinkHandlers, unmapped } from "@skein/node";
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { hostAndPort } from "./address.ts";
import { SYNC_PATH } from "./dial.ts";
import { listenProblem } from "./listen-problem.ts";
import type { Place, Places } from "./places.ts";
import { openSocketLink, SOCKET_OPTIONS, type SocketLink } from "./socket-link.ts";

export interface Listen {
  readonly address: { readonly host: string; readonly port: number };
  readonly handshakeTimeoutMs: number;
  readonly places: Places;
  readonly accept: (link: Link) => LinkHandlers;
  readonly onOpen: (link: SocketLink) => void;
  readonly onClosed: (link: SocketLink) => void;
}

export interface Listener {
  /** `ws://host:port` as bound. */
  readonly url: string;
  /** Takes no more connections and drops the ones that are no link yet; links stay until they are closed. */
  close(): Promise<void>;
}

/** A connection from its first packet on. */
interface Visitor {
  readonly place: Place;
  /** Set once it is a link. */
  link: SocketLink | undefined;
}

export function listen(call: Listen): Promise<Result<Listener, string>> {
  const { host, port } = call.address;
  const server = createBareServer(call.handshakeTimeoutMs);
  const visitors = serve(server, call);
  return new Promise((resolve) => {
    const fail = (cause: unknown): void => resolve(err(listenProblem(cause, hostAndPort(host, port))));
    server.on("error", fail);
    try {
      server.listen({ host, port }, () => {
        const bound = server.address();
        if (typeof bound !== "object" || bound === null) return fail(new Error("it has no address"));
        const url = `ws://${hostAndPort(bound.address, bound.port)}`;
        return resolve(ok({ url, close: () => closeServer(server, visitors) }));
      });
    } catch (cause) {
      // A port that is no port is thrown.
      fail(cause);
    }
  });
}

function createBareServer(handshakeTimeoutMs: number): Server {
  const server = createServer({
    maxHeaderSize: LIMITS.upgradeHeaderBytes,
    headersTimeout: handshakeTimeoutMs,
    requestTimeout: handshakeTimeoutMs,
    // How often Node.js looks for the ones that are late.
    connectionsCheckingInterval: Math.ceil(handshakeTimeoutMs / 5),
    insecureHTTPParser: false,
  });
  server.maxHeadersCount = LIMITS.upgradeHeaders;
  server.maxRequestsPerSocket = 1;
  // Late, malformed or too large. The answer tells whoever comes with TLS, or with a wrong program, what this is not.
  server.on("clientError", (_cause, socket) => {
    if (socket.writable) answerAndHangUp(socket, 400);
    else socket.destroy();
  });
  server.on("request", refuseRequest);
  return server;
}

function serve(server: Server, call: Listen): Map<Duplex, Visitor> {
  const visitors = new Map<Duplex, Visitor>();
  const upgrader = new WebSocketServer({
    ...SOCKET_OPTIONS,
    noServer: true,
    clientTracking: false,
    handleProtocols: () => false,
  });
  server.on("connection", (socket) => admit(call.places, visitors, socket));
  server.on("upgrade", (request, socket, head) => {
    // Until the socket is a link nobody else listens, and an unheard error would end the process.
    socket.on("error", () => socket.destroy());
    const visitor = visitors.get(socket);
    if (visitor === undefined) return socket.destroy();
    const refused = refuseUpgrade(request);
    if (refused !== undefined) return answerAndHangUp(socket, refused);
    return upgrader.handleUpgrade(request, socket, head, (webSocket) => {
      const opened = openSocketLink(
        {
          socket: webSocket,
          raw: request.socket,
          remoteAddress: remoteAddressOf(request.socket),
          onProved: () => visitor.place.keep(),
          onClosed: () => call.onClosed(opened),
        },
        call.accept,
      );
      visitor.link = opened;
      call.onOpen(opened);
    });
  });
  return visitors;
}

function admit(places: Places, visitors: Map<Duplex, Visitor>, socket: Socket): void {
  const evict = (): void => {
    const link = visitors.get(socket)?.link;
    if (link === undefined) socket.destroy();
    else link.cut("it had not proved its key and a newer connection needed the place");
  };
  // Without an address it is gone already.
  const place = socket.remoteAddress === undefined ? undefined : places.take(socket.remoteAddress, evict);
  if (place === undefined) {
    socket.destroy();
    return;
  }
  visitors.set(socket, { place, link: undefined });
  socket.once("close", () => {
    visitors.delete(socket);
    place.leave();
  });
}

/** The HTTP status of the refusal; what else `ws` needs it checks itself. */
function refuseUpgrade({ headers, url }: IncomingMessage): number | undefined {
  if (headers.origin !== undefined || headers["sec-websocket-origin"] !== undefined) return 403;
  return url === SYNC_PATH ? undefined : 404;
}

function answerAndHangUp(socket: Duplex, status: number): void {
  socket.once("finish", () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function refuseRequest(request: IncomingMessage, response: ServerResponse): void {
  // A connection that breaks off while its answer is written is the client's business.
  response.on("error", () => {});
  // What it may still have to send, a body without end perhaps, is not read.
  response.once("finish", () => request.socket.destroy());
  const status = request.url === SYNC_PATH ? 426 : 404;
  response.writeHead(status, { Connection: "close", ...(status === 426 && { Upgrade: "websocket" }) });
  response.end();
}

function remoteAddressOf({ remoteAddress = "", remotePort = 0 }: Socket): string {
  return hostAndPort(unmapped(remoteAddress), remotePort);
}

function closeServer(server: Server, visitors: ReadonlyMap<Duplex, Visitor>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const [socket, { link }] of visitors) if (link === undefined) socket.destroy();
  });
}
