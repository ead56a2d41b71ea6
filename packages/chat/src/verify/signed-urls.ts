/**
 * The URLs that Twilio may have signed for one request: the configured one with the request's query, as it is written; with
 * and without its port; and then the same as a URL parser would spell it, for those of Twilio's servers that do.
 *
 * Everything is done to the text. A parser changes what was signed: it lowers the host, drops `:443` and a user's name, and
 * writes `%27` for `'`.
 */
import { parse, stringify } from "node:querystring";

/** Undefined when `publicUrl` is none. The first one is as it is written. */
export function signedUrls(publicUrl: string, requestUrl: string): readonly string[] | undefined {
  if (split(publicUrl) === undefined || parsedUrl(publicUrl) === undefined) return undefined;
  const [beforeFragment = "", ...fragment] = publicUrl.split("#");
  const [base = ""] = beforeFragment.split("?");
  const query = requestUrl.indexOf("?");
  const url = query === -1 ? beforeFragment : base + requestUrl.slice(query);
  // Options for the connection are written as a fragment (`#rc=3`), which is not sent and, it seems, not signed.
  const written = fragment.length === 0 ? [url] : [url, `${url}#${fragment.join("#")}`];
  return [...new Set(written.flatMap(spellings))];
}

function spellings(url: string): readonly string[] {
  const parsed = parsedUrl(url);
  if (parsed === undefined) return [url];
  const both = [withoutPort(parsed), withPort(parsed)];
  return [url, withoutPort(url), withPort(url), ...both, ...both.map(withLegacyQuery)];
}

/** As a parser spells it. `URL.canParse` of Node 20 says no to some hosts with letters like ü, once it is compiled. */
function parsedUrl(url: string): string | undefined {
  try {
    return new URL(url).toString();
  } catch {
    // Not a URL: the one thing that the constructor throws for.
    return undefined;
  }
}

/** A field of a URL's query, decoded; the first one of several. */
export function queryField(url: string, name: string): string | undefined {
  const query = url.indexOf("?");
  if (query === -1) return undefined;
  return new URLSearchParams(url.slice(query).replace(/#.*$/s, "")).get(name) ?? undefined;
}

interface Parts {
  readonly scheme: string;
  /** With its `@`. */
  readonly user: string;
  readonly host: string;
  /** With its colon. */
  readonly port: string;
  readonly rest: string;
}

function split(url: string): Parts | undefined {
  const found = /^(?<scheme>[a-z][a-z0-9+.-]*:\/\/)(?<authority>[^/?#]*)(?<rest>.*)$/is.exec(url)?.groups;
  if (found === undefined) return undefined;
  const { scheme = "", authority = "", rest = "" } = found;
  const at = authority.lastIndexOf("@") + 1;
  const place = authority.slice(at);
  // The colons inside the brackets of an IPv6 address start no port.
  const colon = place.indexOf(":", place.lastIndexOf("]") + 1);
  const [host, port] = colon === -1 ? [place, ""] : [place.slice(0, colon), place.slice(colon)];
  return { scheme, user: authority.slice(0, at), host, port, rest };
}

function withoutPort(url: string): string {
  const parts = split(url);
  return parts === undefined ? url : parts.scheme + parts.user + parts.host + parts.rest;
}

function withPort(url: string): string {
  const parts = split(url);
  if (parts === undefined || parts.port !== "") return url;
  const port = parts.scheme.toLowerCase() === "https://" ? ":443" : ":80";
  return parts.scheme + parts.user + parts.host + port + parts.rest;
}

/** The query as Node's older module writes it, which encodes other characters than a URL parser does. */
function withLegacyQuery(url: string): string {
  const query = url.indexOf("?");
  return query === -1 || query === url.length - 1
    ? url
    : `${url.slice(0, query)}?${stringify(parse(url.slice(query + 1)))}`;
}
