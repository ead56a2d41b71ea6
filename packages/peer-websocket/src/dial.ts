/** Opens a link to the node at a URL, or says in one sentence why there is none. */
import { err, ok, type Result } from "@skein/core";
import type { Link, LinkHandlers } from "@skein/node";
import type { Socket } from "node:net";
import { WebSocket } from "ws";
import { badUrl, dialProblem, httpProblem, noAnswer, stopped } from "./dial-problem.ts";
import { guardedLookup } from "./guarded-lookup.ts";
import { openSocketLink, SOCKET_OPTIONS, type SocketLink } from "./socket-link.ts";

/** The path peers meet at; the addresses they tell each other are without it. */
export const SYNC_PATH = "/sync";

export interface Dial {
  readonly url: string;
  readonly timeoutMs: number;
  readonly makeHandlers: (link: Link) => LinkHandlers;
  /** Whether to connect to an IP address that the host's name stands for; every one when there is no such rule. */
  readonly mayReach: ((ip: string) => boolean) | undefined;
  readonly onOpen: (link: SocketLink) => void;
  readonly onClosed: (link: SocketLink) => void;
  /** Aborted when the node stops. */
  readonly signal: AbortSignal;
}

export function dial(call: Dial): Promise<Result<Link, string>> {
  const { url, timeoutMs, signal } = call;
  const target = targetOf(url);
  if (target === undefined) return Promise.resolve(err(badUrl(url)));
  if (signal.aborted) return Promise.resolve(err(stopped(url)));
  return new Promise((resolve) => {
    const rule = call.mayReach === undefined ? {} : { lookup: guardedLookup(call.mayReach) };
    const socket = new WebSocket(target, { ...SOCKET_OPTIONS, ...rule });
    let raw: Socket | undefined;

    const settle = (result: Result<Link, string>): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      resolve(result);
    };
    const give = (problem: string): void => {
      settle(err(problem));
      socket.terminate();
    };
    const abort = (): void => give(stopped(url));
    // Not the `handshakeTimeout` of `ws`, which starts again with every byte the other end lets drip.
    const timer = setTimeout(() => give(noAnswer(url, timeoutMs)), timeoutMs);
    signal.addEventListener("abort", abort);

    // A listener for errors stays for good: `ws` says "closed before it was established" after a `terminate`.
    socket.on("error", (cause) => settle(err(dialProblem(url, cause))));
    socket.on("unexpected-response", (_request, response) => give(httpProblem(url, response.statusCode ?? 0)));
    socket.on("upgrade", (response) => {
      raw = response.socket;
    });
    socket.on("open", () => {
      // It is told by the event before this one.
      if (raw === undefined) return give(noAnswer(url, timeoutMs));
      settle(ok(adopt(call, socket, raw)));
    });
  });
}

function adopt(call: Dial, socket: WebSocket, raw: Socket): Link {
  const opened = openSocketLink(
    { socket, raw, remoteAddress: call.url, onProved: () => {}, onClosed: () => call.onClosed(opened) },
    call.makeHandlers,
  );
  call.onOpen(opened);
  return opened.link;
}

/** Undefined when it is not a plain address of a node: credentials, queries and fragments have no meaning here. */
function targetOf(url: string): URL | undefined {
  if (!URL.canParse(url)) return undefined;
  const target = new URL(url);
  const isPlain = target.username === "" && target.password === "" && target.search === "" && target.hash === "";
  if ((target.protocol !== "ws:" && target.protocol !== "wss:") || !isPlain) return undefined;
  if (!target.pathname.endsWith(SYNC_PATH)) target.pathname = target.pathname.replace(/\/*$/, SYNC_PATH);
  return target;
}
