/**
 * One connection to Discord's gateway, from the first byte to the last: greeting, identify or resume, heartbeats. It hands
 * on what it is told in order and says how it ended, once. Whether and when to dial again is not decided here: the official
 * client (`@discordjs/ws`) dials again by itself, at once and on timers of its own, which is how a bot exceeds its 1,000
 * identifies a day and loses its token.
 */
import type { TransportServices } from "@skein/chat";
import { type RawData, WebSocket } from "ws";
import { z } from "zod";

import { fraction } from "./backoff.ts";
import { fromJson, type Session } from "./cursor.ts";

export type LinkEnd =
  /** The socket closed; 1006 when it just broke. */
  | { readonly type: "closed"; readonly code: number }
  /** Discord wants the bot to come again. */
  | { readonly type: "reconnect" }
  /** Discord does not know the session, or not yet. */
  | { readonly type: "invalid-session"; readonly mayResume: boolean }
  /** Nothing came back: the connection is dead, although nobody closed it. */
  | { readonly type: "silent"; readonly waitedFor: "greeting" | "answer" | "heartbeat" }
  /** What came is not the gateway's protocol. */
  | { readonly type: "garbage" }
  /** `leave` was called. */
  | { readonly type: "left" };

export interface Dispatch {
  readonly name: string;
  readonly sequence: number;
  readonly data: unknown;
}

export interface LinkOptions {
  readonly url: string;
  readonly token: string;
  readonly intents: number;
  /** Resumed when there is one; otherwise the bot identifies. */
  readonly session: Session | undefined;
  readonly clock: TransportServices["clock"];
  readonly random: TransportServices["random"];
  /** Discord has said hello. */
  onGreeting(): void;
  onDispatch(dispatch: Dispatch): void;
  onEnd(end: LinkEnd): void;
}

export interface GatewayLink {
  /** Ends the connection so that Discord keeps the session for whoever resumes it. */
  leave(): void;
}

const DISPATCH = 0;
const HEARTBEAT = 1;
const IDENTIFY = 2;
const RESUME = 6;
const RECONNECT = 7;
const INVALID_SESSION = 9;
const HELLO = 10;
const HEARTBEAT_ACK = 11;

const GREETING_MS = 30_000;
const ANSWER_MS = 60_000;
const PAYLOAD_MAX_BYTES = 16 * 1_024 * 1_024;
/** Not 1000 or 1001: with those Discord throws the session away. */
const LEAVING = 4_200;

const frame = z.object({
  op: z.number().int(),
  d: z.unknown().optional(),
  s: z.number().int().nullish(),
  t: z.string().max(100).nullish(),
});
type Frame = z.output<typeof frame>;

const hello = z.object({ heartbeat_interval: z.number().min(100).max(3_600_000) });

export function openLink(options: LinkOptions): GatewayLink {
  const { clock, session } = options;
  const socket = new WebSocket(addressOf(options.url), {
    maxPayload: PAYLOAD_MAX_BYTES,
    perMessageDeflate: false,
    followRedirects: false,
  });
  let sequence = session?.sequence ?? null;
  let hasEnded = false;
  let isGreeted = false;
  let stopWaiting = clock.after(GREETING_MS, () => end({ type: "silent", waitedFor: "greeting" }));
  const heart = createHeart(options, {
    beat: () => send({ op: HEARTBEAT, d: sequence }),
    dead: () => end({ type: "silent", waitedFor: "heartbeat" }),
  });

  const send = (payload: unknown): void => {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(payload));
  };
  const end = (how: LinkEnd): void => {
    if (hasEnded) return;
    hasEnded = true;
    stopWaiting();
    heart.stop();
    hangUp(socket, clock);
    options.onEnd(how);
  };
  const greet = (data: unknown): void => {
    const read = hello.safeParse(data);
    // A second greeting would make the bot identify twice for one budgeted time.
    if (!read.success || isGreeted) return end({ type: "garbage" });
    isGreeted = true;
    options.onGreeting();
    stopWaiting();
    stopWaiting = clock.after(ANSWER_MS, () => end({ type: "silent", waitedFor: "answer" }));
    heart.start(read.data.heartbeat_interval);
    send(session === undefined ? identify(options) : resume(options.token, session));
  };
  const take = ({ op, d, s, t }: Frame): void => {
    switch (op) {
      case HELLO:
        return greet(d);
      case DISPATCH:
        if (typeof s !== "number" || typeof t !== "string") return end({ type: "garbage" });
        stopWaiting();
        sequence = Math.max(sequence ?? 0, s);
        return options.onDispatch({ name: t, sequence: s, data: d });
      case HEARTBEAT:
        return send({ op: HEARTBEAT, d: sequence });
      case HEARTBEAT_ACK:
        return heart.answered();
      case RECONNECT:
        return end({ type: "reconnect" });
      case INVALID_SESSION:
        return end({ type: "invalid-session", mayResume: d === true });
      default:
      // Discord may add others; nothing depends on knowing them.
    }
  };

  socket.on("message", (raw) => {
    if (hasEnded) return;
    const read = frame.safeParse(fromJson(textOf(raw)));
    if (read.success) take(read.data);
    else end({ type: "garbage" });
  });
  socket.on("close", (code) => end({ type: "closed", code }));
  // `close` follows and says it all.
  socket.on("error", () => undefined);
  return { leave: () => end({ type: "left" }) };
}

/** Whatever else was in the address, this is what is asked for. */
function addressOf(text: string): URL {
  const url = new URL(text);
  url.search = "v=10&encoding=json";
  url.hash = "";
  return url;
}

const textOf = (raw: RawData): string =>
  (Array.isArray(raw) ? Buffer.concat(raw) : Buffer.from(raw as Buffer)).toString("utf8");

const identify = ({ token, intents }: LinkOptions): unknown => ({
  op: IDENTIFY,
  d: {
    token,
    intents,
    properties: { os: "linux", browser: "skein", device: "skein" },
    compress: false,
    shard: [0, 1],
  },
});

const resume = (token: string, { id, sequence }: Session): unknown => ({
  op: RESUME,
  d: { token, session_id: id, seq: sequence },
});

/** A dead peer does not answer the closing either. */
const CLOSING_MS = 5_000;

function hangUp(socket: WebSocket, clock: LinkOptions["clock"]): void {
  if (socket.readyState === WebSocket.CLOSED) return;
  if (socket.readyState !== WebSocket.OPEN) return socket.terminate();
  const cancel = clock.after(CLOSING_MS, () => socket.terminate());
  socket.once("close", cancel);
  socket.close(LEAVING);
}

interface Heart {
  start(intervalMs: number): void;
  answered(): void;
  stop(): void;
}

/** The first beat comes at a random time within the interval, so that many bots do not beat at once. */
function createHeart(
  { clock, random }: Pick<LinkOptions, "clock" | "random">,
  act: { readonly beat: () => void; readonly dead: () => void },
): Heart {
  let isAnswered = true;
  let stop = (): void => undefined;
  const beat = (intervalMs: number): void => {
    if (!isAnswered) return act.dead();
    isAnswered = false;
    act.beat();
    stop = clock.after(intervalMs, () => beat(intervalMs));
  };
  return {
    start: (intervalMs) => {
      stop();
      isAnswered = true;
      stop = clock.after(intervalMs * fraction(random), () => beat(intervalMs));
    },
    answered: () => {
      isAnswered = true;
    },
    stop: () => stop(),
  };
}
