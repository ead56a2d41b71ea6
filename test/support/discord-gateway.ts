/**
 * The gateway of our Discord: opcodes, sessions that can be resumed, heartbeats, close codes. What it does wrong is told from
 * outside. The official client accepts its frames; a test sees to that.
 */
import type { IncomingMessage, Server } from "node:http";

import { type WebSocket, WebSocketServer } from "ws";

import { APPLICATION, BOT, GUILD, TOKEN, type World } from "./discord-world.ts";

interface Session {
  readonly id: string;
  readonly sent: { readonly s: number; readonly t: string; readonly d: unknown }[];
  socket: WebSocket | undefined;
}

export interface Gateway {
  /** Every connection that was accepted, with the URL. */
  readonly dials: string[];
  readonly identifies: unknown[];
  readonly resumes: { readonly session_id: string; readonly seq: number }[];
  /** The sequence of every heartbeat. */
  readonly beats: (number | null)[];
  /** Codes that clients closed with. */
  readonly closes: number[];
  open(): number;
  /** To every session, connected or not, as Discord does. */
  dispatch(name: string, data: unknown): void;
  /** To whoever is connected. */
  send(payload: unknown): void;
  close(code: number): void;
  /** Breaks the connections without a word. */
  cut(): void;
  /** Discord forgets its sessions. */
  forget(): void;
  /** Ms between heartbeats that the greeting asks for. */
  intervalMs: number;
  /** Heartbeats are not answered. */
  isDeaf: boolean;
  /** Nothing is said at the beginning. */
  isMute: boolean;
  /** Closes right after the connection was accepted, with this code; 0 breaks it. */
  slam: number | undefined;
  /** The close code for whoever identifies. */
  turnAway: number | undefined;
  /** Answers a resume with this instead. */
  resumeAnswer: { readonly op: number; readonly d?: unknown } | { readonly close: number } | undefined;
  /** Another place to resume at than here. */
  resumeUrl: string | undefined;
  stop(): Promise<void>;
}

export function createGateway(server: Server, world: World): Gateway {
  const sockets = new WebSocketServer({ noServer: true });
  const sessions = new Map<string, Session>();
  const connected = new Set<WebSocket>();
  let sessionCount = 0;

  const say = (socket: WebSocket, payload: unknown): void => socket.send(JSON.stringify(payload));
  const put = (session: Session, name: string, data: unknown): void => {
    const event = { s: session.sent.length + 1, t: name, d: data };
    session.sent.push(event);
    if (session.socket?.readyState === 1) say(session.socket, { op: 0, ...event });
  };

  const gateway: Gateway = {
    dials: [],
    identifies: [],
    resumes: [],
    beats: [],
    closes: [],
    intervalMs: 41_250,
    isDeaf: false,
    isMute: false,
    slam: undefined,
    turnAway: undefined,
    resumeAnswer: undefined,
    resumeUrl: undefined,
    open: () => connected.size,
    dispatch: (name, data) => {
      for (const session of sessions.values()) put(session, name, data);
    },
    send: (payload) => {
      for (const socket of connected) say(socket, payload);
    },
    close: (code) => {
      for (const socket of connected) socket.close(code);
    },
    cut: () => {
      for (const socket of connected) socket.terminate();
    },
    forget: () => sessions.clear(),
    stop: () => {
      for (const socket of connected) socket.terminate();
      return new Promise((resolve) => sockets.close(() => resolve()));
    },
  };

  const identify = (socket: WebSocket, d: { token?: string }): void => {
    gateway.identifies.push(d);
    if (d.token !== TOKEN) return socket.close(4004);
    if (gateway.turnAway !== undefined) return socket.close(gateway.turnAway);
    const session: Session = { id: `session-${++sessionCount}-0123456789abcdef0123456789abcdef`, sent: [], socket };
    sessions.set(session.id, session);
    put(session, "READY", {
      v: 10,
      user: { id: BOT, username: "skein", bot: true },
      guilds: [{ id: GUILD, unavailable: true }],
      session_id: session.id,
      resume_gateway_url: gateway.resumeUrl ?? `ws://127.0.0.1:${portOf(server)}`,
      application: { id: APPLICATION, flags: 0 },
    });
    const inGuild = [...world.channels.values()].filter(({ guild_id: guild }) => guild === GUILD);
    put(session, "GUILD_CREATE", {
      id: GUILD,
      name: "Test",
      channels: inGuild.filter(({ type }) => type !== 11),
      threads: inGuild.filter(({ type }) => type === 11),
    });
  };

  const resume = (socket: WebSocket, d: { session_id: string; seq: number; token?: string }): void => {
    gateway.resumes.push({ session_id: d.session_id, seq: d.seq });
    if (d.token !== TOKEN) return socket.close(4004);
    const { resumeAnswer } = gateway;
    if (resumeAnswer !== undefined) {
      return "close" in resumeAnswer ? socket.close(resumeAnswer.close) : say(socket, resumeAnswer);
    }
    const session = sessions.get(d.session_id);
    if (session === undefined) return say(socket, { op: 9, d: false, s: null, t: null });
    session.socket = socket;
    for (const event of session.sent.filter(({ s }) => s > d.seq)) say(socket, { op: 0, ...event });
    put(session, "RESUMED", { _trace: [] });
  };

  const accept = (socket: WebSocket, request: IncomingMessage): void => {
    gateway.dials.push(request.url ?? "");
    connected.add(socket);
    socket.on("close", (code) => {
      connected.delete(socket);
      gateway.closes.push(code);
    });
    if (gateway.slam === 0) return socket.terminate();
    if (gateway.slam !== undefined) return socket.close(gateway.slam);
    if (!gateway.isMute) say(socket, { op: 10, d: { heartbeat_interval: gateway.intervalMs }, s: null, t: null });
    socket.on("message", (raw) => {
      const { op, d } = JSON.parse((raw as Buffer).toString()) as { op: number; d: never };
      if (op === 2) identify(socket, d);
      if (op === 6) resume(socket, d);
      if (op === 1) {
        gateway.beats.push(d);
        if (!gateway.isDeaf) say(socket, { op: 11, d: null, s: null, t: null });
      }
    });
  };
  server.on("upgrade", (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (opened) => accept(opened, request));
  });
  return gateway;
}

export function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server does not listen");
  return address.port;
}
