/** Both ends of real links on loopback, with everything they hear written down. */
import { LIMITS } from "@skein/core";
import type { Link, LinkHandlers, PeerNet } from "@skein/node";
import { expect, onTestFinished, vi } from "vitest";
import { type ClientOptions, WebSocket } from "ws";
import { createPeerNet, type PeerNetOptions } from "../index.ts";

/** One end of a link. */
export interface End {
  readonly link: Link;
  readonly messages: Uint8Array[];
  readonly closes: string[];
  /** Messages that came after the end of the link: there must be none. */
  readonly late: Uint8Array[];
}

export interface Station {
  readonly net: PeerNet;
  readonly url: string;
  /** Accepted ends, in order. */
  readonly accepted: End[];
}

function recordEnd(ends: End[], onMessage: (end: End, bytes: Uint8Array) => void = () => {}) {
  return (link: Link): LinkHandlers => {
    const end: End = { link, messages: [], closes: [], late: [] };
    ends.push(end);
    return {
      onMessage: (bytes) => {
        (end.closes.length === 0 ? end.messages : end.late).push(bytes);
        onMessage(end, bytes);
      },
      onClose: (reason) => end.closes.push(reason),
    };
  };
}

export function createNet(options?: PeerNetOptions): PeerNet {
  const net = createPeerNet(options);
  onTestFinished(() => net.close());
  return net;
}

export async function createStation(
  options?: PeerNetOptions,
  onMessage?: (end: End, bytes: Uint8Array) => void,
): Promise<Station> {
  const net = createNet(options);
  const accepted: End[] = [];
  const listening = await net.listen({ host: "127.0.0.1", port: 0 }, recordEnd(accepted, onMessage));
  if (!listening.ok) throw new Error(listening.error);
  return { net, url: listening.value, accepted };
}

export async function dialFrom(
  net: PeerNet,
  url: string,
  onMessage?: (end: End, bytes: Uint8Array) => void,
): Promise<End> {
  const ends: End[] = [];
  const dialed = await net.dial(url, recordEnd(ends, onMessage));
  if (!dialed.ok) throw new Error(dialed.error);
  const [end] = ends;
  if (end === undefined || end.link !== dialed.value) throw new Error("the handlers got another link");
  return end;
}

/** Both ends of one link; proved means that large messages are allowed. */
export async function connect(options: { readonly proved: boolean; readonly net?: PeerNetOptions }) {
  const station = await createStation(options.net);
  const dialed = await dialFrom(createNet(options.net), station.url);
  const accepted = await firstOf(station.accepted);
  if (options.proved) for (const { link } of [dialed, accepted]) link.setMaxMessageBytes(LIMITS.messageBytes);
  return { station, dialed, accepted };
}

export const until = (check: () => void, timeout = 4_000): Promise<void> => vi.waitFor(check, { timeout, interval: 5 });

export async function firstOf(ends: readonly End[]): Promise<End> {
  await until(() => expect(ends.length).toBeGreaterThan(0));
  const [end] = ends;
  if (end === undefined) throw new Error("there is one");
  return end;
}

/** A client that keeps no rules but the ones of `ws`. */
export interface Stranger {
  readonly socket: WebSocket;
  /** Close code and reason once it is closed. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  /** The HTTP status when it was refused, 0 when it was dropped without a word, 101 when it is open. */
  readonly answered: Promise<number>;
}

export function connectStranger(url: string, options: ClientOptions = {}): Stranger {
  const socket = new WebSocket(url, { perMessageDeflate: false, ...options });
  onTestFinished(() => socket.terminate());
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.once("close", (code, reason) => resolve({ code, reason: reason.toString() }));
  });
  const answered = new Promise<number>((resolve) => {
    socket.once("open", () => resolve(101));
    socket.once("unexpected-response", (_request, response) => {
      resolve(response.statusCode ?? 0);
      socket.terminate();
    });
    socket.on("error", () => resolve(0));
  });
  return { socket, closed, answered };
}

export async function openStranger(station: Station): Promise<Stranger & { readonly end: End }> {
  const before = station.accepted.length;
  const stranger = connectStranger(`${station.url}/sync`);
  expect(await stranger.answered).toBe(101);
  await until(() => expect(station.accepted.length).toBe(before + 1));
  const end = station.accepted[before];
  if (end === undefined) throw new Error("there is one");
  return { ...stranger, end };
}
