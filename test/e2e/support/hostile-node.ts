/**
 * A node that lies: everything it says to a page, by its API and in its board document, is what a real node says with hostile
 * texts in the place of texts. It stands in front of the real node, serves that node's page, and lets everything else through.
 */
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";

import { createDecoder, readVarUint } from "lib0/decoding";
import { createEncoder, toUint8Array, writeVarUint } from "lib0/encoding";
import { WebSocketServer } from "ws";
import { readSyncMessage } from "y-protocols/sync";
import * as Y from "yjs";

/** Changes a text; `key` is the name of the field that it stands in. */
export type Lie = (text: string, key: string) => string;

export interface HostileNode {
  readonly url: string;
  /** From now on it lies so. */
  lie(lie: Lie): void;
  close(): Promise<void>;
}

const SYNC = 0;
const JSON_TYPE = /^application\/json\b/;

/** `board` is what the real node's board document holds. */
export async function startHostileNode(real: string, board: Y.Doc): Promise<HostileNode> {
  let lie: Lie = (text) => text;
  const sockets = new WebSocketServer({ noServer: true });
  const server = createServer((asked, answer) => {
    void forward(real, asked, answer, (text) => JSON.stringify(told(JSON.parse(text), "", lie)));
  });
  server.on("upgrade", (asked, socket, head) => {
    if (!(asked.url ?? "").startsWith("/yjs/board")) return tunnel(real, asked, socket);
    return sockets.handleUpgrade(asked, socket, head, (reader) => {
      reader.on("message", (data: Buffer) => {
        const decoder = createDecoder(new Uint8Array(data));
        if (readVarUint(decoder) !== SYNC) return;
        const encoder = createEncoder();
        writeVarUint(encoder, SYNC);
        readSyncMessage(decoder, encoder, lyingCopy(board, lie), undefined);
        if (encoder.cpos > 1 || encoder.bufs.length > 0) reader.send(toUint8Array(encoder));
      });
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lie: (next) => {
      lie = next;
    },
    close: async () => {
      for (const reader of sockets.clients) reader.terminate();
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

/** The same shape with other texts. */
function told(value: unknown, key: string, lie: Lie): unknown {
  if (typeof value === "string") return lie(value, key);
  if (Array.isArray(value)) return value.map((one) => told(one, key, lie));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, told(one, name, lie)]));
}

function lyingCopy(board: Y.Doc, lie: Lie): Y.Doc {
  const copy = new Y.Doc();
  for (const name of ["items", "nodes", "attempts", "queue"]) {
    for (const [key, value] of board.getMap(name)) copy.getMap(name).set(key, told(value, "", lie));
  }
  return copy;
}

/** For the real node it is a page of its own that asks. */
function headersFor(real: string, asked: IncomingMessage): Record<string, string> {
  const { host, origin } = new URL(real);
  const { headers } = asked;
  const kept = ["content-type", "cookie", "authorization", "sec-fetch-site", "x-skein-page", "accept"];
  const own = kept.flatMap((name) => (typeof headers[name] === "string" ? [[name, headers[name]]] : []));
  return { ...Object.fromEntries(own), host, ...(headers.origin === undefined ? {} : { origin }) };
}

async function forward(
  real: string,
  asked: IncomingMessage,
  answer: ServerResponse,
  rewrite: (text: string) => string,
): Promise<void> {
  const body: Buffer[] = [];
  for await (const chunk of asked) body.push(chunk as Buffer);
  const target = new URL(asked.url ?? "/", real);
  const hop = request(target, { method: asked.method ?? "GET", headers: headersFor(real, asked) }, (said) => {
    const { "content-length": _, "transfer-encoding": __, ...headers } = said.headers;
    answer.writeHead(said.statusCode ?? 502, headers);
    if (!JSON_TYPE.test(headers["content-type"] ?? "")) return void said.pipe(answer);
    const parts: Buffer[] = [];
    said.on("data", (part: Buffer) => parts.push(part));
    said.on("end", () => answer.end(rewrite(Buffer.concat(parts).toString())));
    return undefined;
  });
  hop.on("error", () => answer.destroy());
  hop.end(Buffer.concat(body));
}

function tunnel(real: string, asked: IncomingMessage, socket: Duplex): void {
  const upgrade = Object.fromEntries(
    Object.entries(asked.headers).filter(([name]) => /^(upgrade|connection|sec-websocket-)/.test(name)),
  ) as Record<string, string>;
  const hop = request(new URL(asked.url ?? "/", real), { headers: { ...headersFor(real, asked), ...upgrade } });
  hop.on("upgrade", (said, through) => {
    const lines = Object.entries(said.headers).map(([name, value]) => `${name}: ${String(value)}`);
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join("\r\n")}\r\n\r\n`);
    through.pipe(socket);
    socket.pipe(through);
    for (const end of [through, socket]) end.on("error", () => void (through.destroy(), socket.destroy()));
  });
  hop.on("response", () => socket.destroy());
  hop.on("error", () => socket.destroy());
  hop.end();
}
