/**
 * The cookie of a browser session. Cookies are told apart by host and not by port, and several nodes run on one machine:
 * so its name carries the node's id. Under TLS the name is one that browsers set for this host, this path and TLS only.
 */
import { HTTP_LIMITS } from "../limits.ts";

const plainName = (node: string): string => `skein-${node.slice(0, 12)}`;

const cookieName = (node: string, secure: boolean): string => `${secure ? "__Host-" : ""}${plainName(node)}`;

interface CookiePlace {
  /** Member id of the node (hex). */
  readonly node: string;
  readonly secure: boolean;
}

export const setCookie = ({ node, secure }: CookiePlace, secret: string): string =>
  cookie({ node, secure }, secret, Math.floor(HTTP_LIMITS.sessionMs / 1_000));

export const clearCookie = (place: CookiePlace): string => cookie(place, "", 0);

function cookie({ node, secure }: CookiePlace, value: string, maxAge: number): string {
  const parts = [`${cookieName(node, secure)}=${value}`, "Path=/", "HttpOnly", "SameSite=Strict", `Max-Age=${maxAge}`];
  return [...parts, ...(secure ? ["Secure"] : [])].join("; ");
}

/** The secrets that a request's cookies carry for this node, and whether the browser keeps each for TLS alone. */
export function sessionCookies(
  header: string | undefined,
  node: string,
): readonly { readonly secret: string; readonly secure: boolean }[] {
  if (header === undefined) return [];
  return header.split(";").flatMap((pair) => {
    const at = pair.indexOf("=");
    const name = pair.slice(0, at).trim();
    const secret = pair.slice(at + 1).trim();
    const secure = name === cookieName(node, true);
    return at > 0 && (secure || name === plainName(node)) && secret !== "" ? [{ secret, secure }] : [];
  });
}
