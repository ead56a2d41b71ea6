/**
 * Stands between nodes and a platform's HTTP interface, and decides for each request: it passes, or it is
 * never answered. What hangs never reaches the platform, so what the platform saw is what passed.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

import { closeServer, listen, readBody } from "./webhook-stand.ts";

type Passage = "pass" | "hang";

interface Passing {
  readonly method: string;
  readonly path: string;
  readonly body: string;
}

export interface HttpGate {
  readonly url: string;
  /** Judges every request before it is passed on. */
  judge: (request: Passing) => Passage;
  /** Requests that hang, and whose sender still waits. */
  hanging(): number;
  /** From now on nobody listens there, and what is under way breaks off. */
  shut(): Promise<void>;
  /** Everything passes again. What hangs breaks off, as when whoever hung is started anew. */
  open(): Promise<void>;
  close(): Promise<void>;
}

/** `target` is where the platform listens, without a path. */
export async function createHttpGate(target: string): Promise<HttpGate> {
  const waiting = new Set<ServerResponse>();
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readBody(request);
    const passing = { method: request.method ?? "", path: request.url ?? "", body: body.toString("utf8") };
    switch (gate.judge(passing)) {
      case "hang":
        waiting.add(response);
        response.on("close", () => waiting.delete(response));
        return;
      default:
        await forward(`${target}${passing.path}`, request, body, response);
    }
  };
  const server: Server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  const gate: HttpGate = {
    url: await listen(server),
    judge: () => "pass",
    hanging: () => waiting.size,
    shut: () => closeServer(server),
    open: async () => {
      gate.judge = () => "pass";
      for (const response of waiting) response.destroy();
      if (!server.listening) await listenAt(server, Number(new URL(gate.url).port));
    },
    close: async () => {
      if (server.listening) await closeServer(server);
    },
  };
  return gate;
}

const listenAt = (server: Server, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });

/** Of the connection itself, or made anew by whoever sends the body on. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  "host",
  "connection",
  "content-length",
  "transfer-encoding",
  "keep-alive",
  "content-encoding",
]);

/** The headers of a request as they can be sent on. */
export function headersToForward(request: IncomingMessage): Headers {
  const headers = new Headers();
  for (let at = 0; at + 1 < request.rawHeaders.length; at += 2) {
    const name = (request.rawHeaders[at] ?? "").toLowerCase();
    if (!OWN_HEADERS.has(name)) headers.append(name, request.rawHeaders[at + 1] ?? "");
  }
  return headers;
}

async function forward(url: string, request: IncomingMessage, body: Buffer, response: ServerResponse): Promise<void> {
  const { method = "GET" } = request;
  const hasBody = method !== "GET" && method !== "HEAD";
  const answer = await fetch(url, {
    method,
    headers: headersToForward(request),
    ...(hasBody ? { body: new Uint8Array(body) } : {}),
  });
  const headers = [...answer.headers].filter(([name]) => !OWN_HEADERS.has(name));
  response.writeHead(answer.status, Object.fromEntries(headers));
  response.end(Buffer.from(await answer.arrayBuffer()));
}
