/**
 * Whether a request comes from a program on this very machine, as far as can be told: over the loopback interface, to a
 * loopback name, and passed on by nobody who says so. A proxy here that hides what it does cannot be told apart.
 */
import type { IncomingMessage } from "node:http";

const PASSED_ON: readonly string[] = ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"];

export function isOfThisMachine({
  headers,
  socket,
}: Pick<IncomingMessage, "headers"> & { readonly socket: { readonly remoteAddress?: string | undefined } }): boolean {
  return (
    isLoopback(socket.remoteAddress ?? "") &&
    /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i.test(headers.host ?? "") &&
    PASSED_ON.every((name) => headers[name] === undefined)
  );
}

const isLoopback = (address: string): boolean => /^(?:::ffff:)?127(?:\.\d{1,3}){3}$/.test(address) || address === "::1";
