/**
 * Stands before a node like a proxy, and can make its page another version: every file of the build then has another name,
 * in what refers to it too, and the old names are gone. That is what a browser sees when a node was upgraded.
 */
import { readdirSync } from "node:fs";
import { createServer, request as ask, type IncomingMessage, type ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";

export interface VersionFront {
  /** `host:port`, to be allowed in the node's settings. */
  readonly host: string;
  readonly url: string;
  /** `http://host:port` of the node; before that it is away. */
  target: string;
  /** The node ends its connections and is another version. */
  upgrade(): void;
  /** Nobody answers any more. */
  close(): Promise<void>;
}

/** In the name of every file of the next version. */
export const NEXT = "-next";

const NAMES = readdirSync("apps/board/dist/assets");
const nextName = (name: string): string => name.replace(/(\.\w+)$/, `${NEXT}$1`);

const asNext = (text: string): string =>
  NAMES.reduce((done, name) => done.replaceAll(name, nextName(name)), text).replace(/(PAGE_VERSION = ")/, "$1next");

export async function createVersionFront(): Promise<VersionFront> {
  const sockets = new Set<Duplex>();
  let isNext = false;
  const server = createServer((request, response) => answer(front.target, isNext, request, response));
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.on("upgrade", (request, socket, head) => join(front.target, request, socket as Socket, head));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const host = `127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  const front: VersionFront = {
    host,
    url: `http://${host}`,
    target: "",
    upgrade: () => {
      isNext = true;
      for (const socket of sockets) socket.destroy();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
  return front;
}

function answer(target: string, isNext: boolean, request: IncomingMessage, response: ServerResponse): void {
  const { url = "/", method = "GET" } = request;
  const name = NAMES.find((one) => url === `/assets/${isNext ? nextName(one) : one}`);
  const path = name === undefined ? url : `/assets/${name}`;
  if (name === undefined && url.startsWith("/assets/")) {
    response.writeHead(404).end();
    return;
  }
  const { "accept-encoding": _packed, ...headers } = request.headers;
  const sent = ask(`${target}${path}`, { method, headers, agent: false }, (got) => {
    const { "content-type": type = "", "content-length": _length, ...rest } = got.headers;
    const isFile = isNext && !url.startsWith("/api/") && type.startsWith("text/");
    const chunks: Buffer[] = [];
    got.on("data", (chunk: Buffer) => chunks.push(chunk));
    got.on("end", () => {
      const bytes = Buffer.concat(chunks);
      response.writeHead(got.statusCode ?? 500, { ...rest, "content-type": type });
      response.end(isFile ? asNext(bytes.toString("utf8")) : bytes);
    });
  });
  sent.on("error", () => response.destroy());
  request.pipe(sent);
}

function join(target: string, request: IncomingMessage, socket: Socket, head: Buffer): void {
  const { hostname, port } = new URL(target);
  const node = connect(Number(port), hostname, () => {
    const lines = [`GET ${request.url ?? "/"} HTTP/1.1`];
    for (let at = 0; at + 1 < request.rawHeaders.length; at += 2) {
      lines.push(`${request.rawHeaders[at]}: ${request.rawHeaders[at + 1]}`);
    }
    node.write(`${lines.join("\r\n")}\r\n\r\n`);
    node.write(head);
    node.pipe(socket).pipe(node);
  });
  for (const [one, other] of [
    [node, socket],
    [socket, node],
  ] as const) {
    one.on("error", () => other.destroy());
    one.on("close", () => other.destroy());
  }
}
