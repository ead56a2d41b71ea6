/**
 * What stands around one webhook transport under test: the address that the platform posts to, a clock that the test moves,
 * and secrets. The mesh behind it is `createHostDouble`.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import {
  type ChatHost,
  type ChatTransport,
  createVerifier,
  type TransportContext,
  type WebhookRequest,
} from "@skein/chat";

interface StandClock {
  readonly clock: TransportContext["clock"];
  /** Lets so much time pass, and runs what was due. */
  advance(ms: number): void;
  /** How many timers wait. */
  waiting(): number;
}

function createStandClock(wallMs = 1_790_000_000_000): StandClock {
  const timers = new Set<{ readonly atMs: number; readonly run: () => void }>();
  let nowMs = 0;
  return {
    waiting: () => timers.size,
    advance: (ms) => {
      nowMs += ms;
      for (const timer of [...timers].filter(({ atMs }) => atMs <= nowMs)) {
        timers.delete(timer);
        timer.run();
      }
    },
    clock: {
      monoMs: () => nowMs,
      wallMs: () => wallMs + nowMs,
      after: (delayMs, run) => {
        const timer = { atMs: nowMs + delayMs, run };
        timers.add(timer);
        return () => timers.delete(timer);
      },
    },
  };
}

interface LogLine {
  readonly level: string;
  readonly event: string;
  readonly fields: object;
}

export interface Stand {
  readonly context: TransportContext;
  readonly time: StandClock;
  readonly log: readonly LogLine[];
}

export function createStand(kind: string, secrets: Readonly<Record<string, string>>, wallMs?: number): Stand {
  const time = createStandClock(wallMs);
  const log: LogLine[] = [];
  const context: TransportContext = {
    account: kind,
    clock: time.clock,
    random: { bytes: (length) => new Uint8Array(length).fill(7) },
    log: (level, event, fields = {}) => void log.push({ level, event, fields }),
    fetch: (input, init) => fetch(input, init),
    verifier: createVerifier(time.clock),
    secret: (name) => {
      const value = secrets[name];
      if (value === undefined) throw new Error(`the test knows no secret ${name}`);
      return value;
    },
    verbs: [],
  };
  return { context, time, log };
}

export interface WebhookAddress {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves the transport's webhook as a node would: raw bytes, and every header with all the values it came with. */
export async function serveWebhook(transport: () => ChatTransport, host: ChatHost): Promise<WebhookAddress> {
  const server = createServer((request, response) => {
    answer(request, response, transport(), host).catch((cause: unknown) => response.destroy(cause as Error));
  });
  return { url: `${await listen(server)}/chat`, close: () => closeServer(server) };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  transport: ChatTransport,
  host: ChatHost,
): Promise<void> {
  const received: WebhookRequest = {
    method: request.method ?? "",
    url: request.url ?? "",
    headers: headersOf(request.rawHeaders),
    body: await readBody(request),
  };
  const reply = await transport.webhook?.(received, host);
  if (reply === undefined) throw new Error("the transport takes no webhooks");
  response.writeHead(reply.status, reply.headers);
  response.end(reply.body);
}

function headersOf(raw: readonly string[]): Record<string, string[]> {
  const headers: Record<string, string[]> = {};
  for (let index = 0; index < raw.length; index += 2) {
    const name = (raw[index] ?? "").toLowerCase();
    headers[name] = [...(headers[name] ?? []), raw[index + 1] ?? ""];
  }
  return headers;
}

export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks);
}

/** Listens on a free port of this machine; its URL. */
export async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  // A server that listens on a port has an address with a port.
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
