/**
 * Who may talk to the server at all. Four questions, asked of every request and every upgrade:
 *
 * - Each header that decides something is there once: of two, a proxy in front may have read the other one.
 * - `Host` names this server: otherwise a page whose name was rebound to our address is asking (DNS rebinding).
 * - `Origin`, when a browser sends one, is a page of this server: otherwise another site is asking in a user's name.
 * - The caller is somebody (caller.ts): a program with the token, which is never a cookie, or a person with a session.
 */
import { err, ok, type Result } from "@skein/core";
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";

import { HTTP_LIMITS } from "./limits.ts";

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
  | { readonly type: "bad-input"; readonly status: 400 | 431; readonly message: string }
  | { readonly type: "wrong-host"; readonly status: 421; readonly message: string }
  | { readonly type: "wrong-origin"; readonly status: 403; readonly message: string };

/**
 * Which page asks. `none`: no browser's page says so. `own`: a page of this server. `mesh`: the page of another node of the
 * mesh, which may come in with a pass and with nothing else.
 */
export type Asker = "none" | "own" | "mesh";

/** Whom it is for, who asks, and how it is to be read. */
const DECIDING: ReadonlySet<string> = new Set([
  "host",
  "origin",
  "authorization",
  "sec-fetch-site",
  "x-skein-page",
  "content-type",
  "content-encoding",
]);

/** The first deciding header that is there twice, also with the same value. Node.js keeps one of them, or joins them. */
function saidTwice(rawHeaders: readonly string[]): string | undefined {
  const names = rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [name.toLowerCase()] : []));
  return names.find((name, at) => DECIDING.has(name) && names.indexOf(name) !== at);
}

/** Refused when the request was not meant for this server, or comes from a page that is none of the mesh's. */
export function judgeForeign(
  { headers, rawHeaders }: Pick<IncomingMessage, "headers" | "rawHeaders">,
  hosts: ReadonlySet<string>,
  isMeshPage: (origin: string) => boolean,
): Result<Asker, Refusal> {
  // What goes beyond the number that Node.js keeps is gone without a word, with whatever it would have said.
  if (rawHeaders.length >= 2 * HTTP_LIMITS.headerCount) {
    const message = `The request has ${HTTP_LIMITS.headerCount} headers or more, so it was refused. Send fewer.`;
    return err({ type: "bad-input", status: 431, message });
  }
  const twice = saidTwice(rawHeaders);
  if (twice !== undefined) {
    const message = `The request says ${twice} twice, so it was refused. Send that header once.`;
    return err({ type: "bad-input", status: 400, message });
  }
  const host = headers.host?.toLowerCase();
  if (host === undefined || !hosts.has(host)) {
    return err({
      type: "wrong-host",
      status: 421,
      message:
        "This server does not answer to that host name. Use the address it prints at the start, or allow the name in its settings.",
    });
  }
  if (headers.origin === undefined) return ok("none");
  if (isOwnOrigin(headers.origin, hosts)) return ok("own");
  if (isMeshPage(headers.origin)) return ok("mesh");
  return err({
    type: "wrong-origin",
    status: 403,
    message: "The request comes from a page of another site, so it was refused. Open the page this server serves.",
  });
}

function isOwnOrigin(origin: string, hosts: ReadonlySet<string>): boolean {
  for (const scheme of ["http://", "https://"]) {
    if (origin.startsWith(scheme)) return hosts.has(origin.slice(scheme.length).toLowerCase());
  }
  return false;
}

/**
 * The page is of the very host that the request names. A cookie comes with whatever a browser sends to that host, so it
 * counts for no other page, not even one under another name of this server. Behind a proxy that ends TLS the server itself
 * speaks HTTP; one that speaks TLS has no page without.
 */
export function isSameOrigin(headers: IncomingHttpHeaders, secure: boolean): boolean {
  const { host, origin } = headers;
  if (host === undefined || origin === undefined) return false;
  const lower = origin.toLowerCase();
  return lower === `https://${host.toLowerCase()}` || (!secure && lower === `http://${host.toLowerCase()}`);
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
