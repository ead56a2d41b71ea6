/**
 * The Socket Mode half of the Slack of the tests: hello, envelopes, acknowledgements, disconnect notices. Each envelope goes
 * to one of the open sockets; one that nobody acknowledges comes again with its `retry_attempt`, over whatever is open then.
 * What comes while nothing is open is lost, as with Slack.
 */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, Server } from "node:http";

import { WebSocket, WebSocketServer } from "ws";

type EnvelopeKind = "events_api" | "slash_commands" | "interactive";

export interface SlackSockets {
  /** Delivers to one open socket. Resolves to the envelope's id; undefined when nothing is open. */
  deliver(kind: EnvelopeKind, payload: unknown): string | undefined;
  /** What was acknowledged, by envelope: the payload of each acknowledgement. */
  readonly acknowledged: ReadonlyMap<string, readonly unknown[]>;
  /** How often each envelope was delivered. */
  readonly deliveries: ReadonlyMap<string, number>;
  /** Sockets that have been said hello and are open. */
  open(): number;
  /** Most sockets that were ever open at once. */
  most(): number;
  /** Sockets ever accepted. */
  accepted(): number;
  /** Announces to every open socket that it will be closed. */
  announce(reason: string): void;
  /** Closes the oldest open socket in an orderly way. */
  closeOldest(): void;
  /** Breaks every socket off, without a close frame. */
  breakOff(): void;
  /** Sends a raw frame to every open socket. */
  frame(text: string): void;
  /** From now on new sockets get no hello. */
  silent: boolean;
  /** From now on new sockets are broken off at once. */
  refusing: boolean;
  /** What nobody acknowledged is given up. */
  forgetful: boolean;
  close(): Promise<void>;
}

/** Slack waits 3 s for an acknowledgement. Less would redeliver what a busy machine is about to acknowledge. */
const REDELIVER_MS = 2_000;
const ATTEMPTS_MAX = 8;

interface Pending {
  readonly kind: EnvelopeKind;
  readonly payload: unknown;
  attempt: number;
  timer: NodeJS.Timeout | undefined;
}

export function createSlackSockets(http: Server): SlackSockets {
  const server = new WebSocketServer({ noServer: true });
  const open = new Set<WebSocket>();
  /** Slack has announced to close these; it sends nothing more over them. */
  const leaving = new WeakSet<WebSocket>();
  const acknowledged = new Map<string, unknown[]>();
  const deliveries = new Map<string, number>();
  const pending = new Map<string, Pending>();
  let accepted = 0;
  let most = 0;

  const send = (id: string, envelope: Pending): boolean => {
    const target = [...open].findLast((socket) => !leaving.has(socket) && socket.readyState === WebSocket.OPEN);
    envelope.timer = setTimeout(() => again(id, envelope), REDELIVER_MS);
    if (target === undefined) return false;
    deliveries.set(id, (deliveries.get(id) ?? 0) + 1);
    const retry = envelope.attempt === 0 ? {} : { retry_attempt: envelope.attempt, retry_reason: "timeout" };
    const { kind: type, payload } = envelope;
    target.send(
      JSON.stringify({ envelope_id: id, type, payload, accepts_response_payload: type !== "events_api", ...retry }),
    );
    return true;
  };
  const again = (id: string, envelope: Pending): void => {
    envelope.attempt += 1;
    if (sockets.forgetful || envelope.attempt >= ATTEMPTS_MAX) pending.delete(id);
    else if (pending.has(id)) send(id, envelope);
  };
  const onFrame = (text: string): void => {
    const { envelope_id: id, payload } = JSON.parse(text) as { envelope_id: string; payload: unknown };
    acknowledged.set(id, [...(acknowledged.get(id) ?? []), payload]);
    clearTimeout(pending.get(id)?.timer);
    pending.delete(id);
  };

  const sockets: SlackSockets = {
    acknowledged,
    deliveries,
    silent: false,
    refusing: false,
    forgetful: false,
    open: () => open.size,
    most: () => most,
    accepted: () => accepted,
    deliver: (kind, payload) => {
      const id = randomUUID();
      const envelope: Pending = { kind, payload, attempt: 0, timer: undefined };
      if (!send(id, envelope)) {
        clearTimeout(envelope.timer);
        return undefined;
      }
      pending.set(id, envelope);
      return id;
    },
    announce: (reason) => {
      for (const socket of open) {
        leaving.add(socket);
        socket.send(JSON.stringify({ type: "disconnect", reason, debug_info: { host: "applink-test" } }));
      }
    },
    closeOldest: () => [...open][0]?.close(1000),
    breakOff: () => {
      for (const socket of server.clients) socket.terminate();
    },
    frame: (text) => {
      for (const socket of open) socket.send(text);
    },
    close: async () => {
      for (const { timer } of pending.values()) clearTimeout(timer);
      for (const socket of server.clients) socket.terminate();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };

  http.on("upgrade", (request: IncomingMessage, tcp, head) => {
    if (sockets.refusing) return void tcp.destroy();
    server.handleUpgrade(request, tcp, head, (socket) => {
      accepted += 1;
      socket.on("message", (data) => onFrame((data as Buffer).toString("utf8")));
      socket.on("close", () => open.delete(socket));
      if (sockets.silent) return;
      open.add(socket);
      most = Math.max(most, open.size);
      socket.send(JSON.stringify({ type: "hello", num_connections: open.size, connection_info: { app_id: "A0TEST" } }));
    });
  });
  return sockets;
}
