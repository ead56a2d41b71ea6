/** Internet addresses as text: how they are written in a URL, and which of them are this machine. */
import { unmapped } from "@skein/node";
import { isIPv4, isIPv6 } from "node:net";

/** `host:port` with IPv6 in brackets, as URLs want it. */
export const hostAndPort = (host: string, port: number): string => `${isIPv6(host) ? `[${host}]` : host}:${port}`;

/** This machine itself, or a proxy on it that all peers come through. */
export function isLoopback(address: string): boolean {
  const plain = unmapped(address);
  return plain === "::1" || (isIPv4(plain) && plain.startsWith("127."));
}
