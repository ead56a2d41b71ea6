/**
 * Who may talk to the server at all. Three questions, asked of every request and every upgrade:
 *
 * - `Host` names this server: otherwise a page whose name was rebound to our address is asking (DNS rebinding).
 * - `Origin`, when a browser sends one, is a page of this server: otherwise another site is asking in a user's name.
 * - The token is right. It is never a cookie, so that a browser cannot be made to send it.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

export interface HostRules {
  /** The host the server was told to bind, as given. */
  readonly host: string;
  /** The port it is bound to. */
  readonly port: number;
  /** Further names it is reached by, with or without a port (a reverse proxy, a name in the local network). */
  readonly extra: readonly string[];
}

/** The values of `Host` that mean this server, in lower case. */
export function allowedHosts(rules: HostRules): ReadonlySet<string> {
  const names = [bracketed(rules.host), "localhost", "127.0.0.1", "[::1]"];
  const hosts = new Set<string>(rules.extra.map((host) => host.toLowerCase()));
  for (const name of [...names, ...rules.extra]) {
    hosts.add(`${name}:${rules.port}`.toLowerCase());
    if (rules.port === 80) hosts.add(name.toLowerCase());
  }
  return hosts;
}

/** An IPv6 address as it is written in a URL. */
export function bracketed(host: string): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}

export type Refusal =
  | { readonly type: "wrong-host"; readonly status: 421; readonly message: string }
  | { readonly type: "wrong-origin"; readonly status: 403; readonly message: string };

/** Undefined when the request was meant for this server and does not come from a page of another one. */
export function refuseForeign(headers: IncomingHttpHeaders, hosts: ReadonlySet<string>): Refusal | undefined {
  const host = headers.host?.toLowerCase();
  if (host === undefined || !hosts.has(host)) {
    return {
      type: "wrong-host",
      status: 421,
      message:
        "This server does not answer to that host name. Use the address it prints at the start, or allow the name in its settings.",
    };
  }
  if (headers.origin !== undefined && !isOwnOrigin(headers.origin, hosts)) {
    return {
      type: "wrong-origin",
      status: 403,
      message: "The request comes from a page of another site, so it was refused. Open the page this server serves.",
    };
  }
  return undefined;
}

function isOwnOrigin(origin: string, hosts: ReadonlySet<string>): boolean {
  for (const scheme of ["http://", "https://"]) {
    if (origin.startsWith(scheme)) return hosts.has(origin.slice(scheme.length).toLowerCase());
  }
  return false;
}

export type TokenCheck = (presented: string | undefined) => boolean;

/** Compares digests in constant time, so that neither the length nor a common prefix of a guess can be measured. */
export function createTokenCheck(token: string): TokenCheck {
  const expected = digest(token);
  return (presented) => presented !== undefined && timingSafeEqual(digest(presented), expected);
}

const digest = (text: string): Buffer => createHash("sha256").update(text, "utf8").digest();

/** The token of `Authorization: Bearer <token>`. */
export function bearerToken(headers: IncomingHttpHeaders): string | undefined {
  const value = headers.authorization;
  if (value === undefined || value.slice(0, 7).toLowerCase() !== "bearer ") return undefined;
  const token = value.slice(7).trim();
  return token === "" ? undefined : token;
}
