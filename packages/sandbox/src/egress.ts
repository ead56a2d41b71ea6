/**
 * What a room may reach: what the project asks for and the machine's owner lets it have, both by name.
 *
 * Without a list of the owner's, everybody may have what the project asks for, as long as it is a public host on a usual
 * port: whoever may change skein.yaml decides no more than that. What is not public, or on another port, is there only
 * when the owner named exactly that host with exactly that port.
 */
import { isIP } from "node:net";

import { type HostPattern, isHostName, matchesHost, parseHostPattern, parsePort } from "@skein/config";
import { err, ok, type Result } from "@skein/core";

export interface Egress {
  /** Of the project. */
  readonly asked: readonly string[];
  /** Of the machine's owner; undefined when there is no list. */
  readonly given: readonly string[] | undefined;
}

export interface Destination {
  /** A name in its one spelling. */
  readonly host: string;
  readonly port: number;
  /** TLS from end to end, or plain HTTP that the proxy passes on. */
  readonly isTunnel: boolean;
}

export interface Permission {
  /** It may be an address that is nobody's in public. */
  readonly mayBePrivate: boolean;
}

const TUNNEL_PORT = 443;
const PLAIN_PORT = 80;

export const isOpen = ({ asked }: Egress): boolean => asked.length > 0;

/** Fails with a clause saying why not. */
export function judge({ host, port, isTunnel }: Destination, { asked, given }: Egress): Result<Permission, string> {
  const isUsual = port === (isTunnel ? TUNNEL_PORT : PLAIN_PORT);
  const isNamed = (patterns: readonly string[]): boolean =>
    patterns.some((text) => {
      const pattern = parseHostPattern(text);
      return pattern !== undefined && matchesHost(pattern, host) && fitsPort(pattern, port, isUsual);
    });
  const missing = (file: string, key: string): string =>
    isUsual ? `${file} does not name it under ${key}` : `${file} does not name it with port ${port} under ${key}`;
  if (!isNamed(asked)) return err(missing("skein.yaml", "network.allow"));
  if (given !== undefined && !isNamed(given)) return err(missing("node.yaml", "sandbox.network.allow"));
  const isExact = (given ?? []).some((text) => isExactly(parseHostPattern(text), host, port));
  if (!isUsual && !isExact) return err(`port ${port} is not open: node.yaml does not name this host with this port`);
  return ok({ mayBePrivate: isExact });
}

const fitsPort = (pattern: HostPattern, port: number, isUsual: boolean): boolean =>
  pattern.port === undefined ? isUsual : pattern.port === port;

const isExactly = (pattern: HostPattern | undefined, host: string, port: number): boolean =>
  pattern !== undefined && !pattern.isSuffix && pattern.name === host && pattern.port === port;

/**
 * `name:port` as the target of a tunnel, in its one spelling. Whoever asks may write letters in upper case, since names do
 * not care, and nothing else that a resolver or another parser could read in a second way.
 */
export function parseAuthority(text: string): Result<{ readonly host: string; readonly port: number }, string> {
  const at = text.lastIndexOf(":");
  const [name, portText] = at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
  const host = canonicalHost(name);
  const port = parsePort(portText);
  if (!host.ok) return host;
  return port === undefined ? err("its port is none") : ok({ host: host.value, port });
}

/** Fails for whatever is not a plain name: addresses in every notation, other letters, dots at the end, control bytes. */
export function canonicalHost(text: string): Result<string, string> {
  const host = text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
  if (isIP(text) !== 0 || text.startsWith("[")) return err("it is an address, and hosts are reached by name");
  return isHostName(host) ? ok(host) : err("its host is not a plain name");
}

/** The target of a plain request: `http://name[:80]/path`, without user, password or fragment. */
export function parsePlainUrl(
  text: string,
): Result<{ readonly host: string; readonly port: number; readonly path: string }, string> {
  const [, authority, path = ""] = /^http:\/\/([^/?#\\]*)([/?][\x21\x24-\x5b\x5d-\x7e]*)?$/i.exec(text) ?? [];
  if (authority === undefined) return err("its address is not a plain http URL");
  if (authority.includes("@")) return err("its address carries a user or password");
  const parsed = parseAuthority(authority.includes(":") ? authority : `${authority}:${PLAIN_PORT}`);
  return parsed.ok ? ok({ ...parsed.value, path: path.startsWith("/") ? path : `/${path}` }) : parsed;
}
