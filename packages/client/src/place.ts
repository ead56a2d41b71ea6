/**
 * A node that can be asked, and what the client shows there: nothing in the page of that very node, whose cookie comes by
 * itself, with the page's key; the node's token in a program; at another node's page the secret that a pass was exchanged for.
 */
import type { Answer, Problem } from "./facts.ts";
import { pageKey, pageProtocols } from "./page-key.ts";

export interface Place {
  /** Ends with a slash: paths are relative to it, also below a proxy's path. */
  readonly url: string;
  readonly secret: { readonly type: "cookie" } | { readonly type: "token" | "guest"; readonly text: string };
  /** True for the node that the client was made for. */
  readonly isHome: boolean;
}

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** A node that does not answer for this long is away. */
const ANSWER_MS = 20_000;

export const get = <T>(fetch: Fetch, place: Place, path: string, withinMs: number = ANSWER_MS): Promise<Answer<T>> =>
  ask(fetch, place, path, { method: "GET", headers: headersOf(place), signal: AbortSignal.timeout(withinMs) });

export const post = <T>(fetch: Fetch, place: Place, path: string, body: object): Promise<Answer<T>> =>
  ask(fetch, place, path, {
    method: "POST",
    headers: { ...headersOf(place), "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(ANSWER_MS),
  });

function headersOf({ secret }: Place): Record<string, string> {
  return secret.type === "cookie" ? { "X-Skein-Page": pageKey() } : { Authorization: `Bearer ${secret.text}` };
}

/** The page's key beside its cookie, which all tabs share; empty where none is shown. */
export const keyShown = ({ secret }: Place): string => (secret.type === "cookie" ? pageKey() : "");

/** Of a page where nobody is signed in. */
export const isNobodys = (place: Place): boolean => place.secret.type === "cookie" && pageKey() === "";

/** For a question whose answer is no JSON. */
export const initFor = (place: Place): RequestInit => ({
  headers: headersOf(place),
  credentials: credentialsFor(place),
  cache: "no-store",
});

/** Where to open a socket, and how it shows who asks: a browser can set no header on one, and an address is no place for a secret. */
export function dialFor({ url, secret, isHome }: Place, path: string): Dial {
  const address = new URL(path, url);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  const protocols = secret.type === "cookie" ? pageProtocols() : ["skein", `skein.bearer.${secret.text}`];
  return { url: address.href, protocols, isHome };
}

export interface Dial extends Pick<Place, "isHome"> {
  readonly url: string;
  readonly protocols: string[];
}

/** A page of another node is never asked to send what a browser keeps for this one. */
const credentialsFor = ({ secret }: Place): RequestCredentials => (secret.type === "cookie" ? "same-origin" : "omit");

async function ask<T>(fetch: Fetch, place: Place, path: string, init: RequestInit): Promise<Answer<T>> {
  const credentials = credentialsFor(place);
  try {
    const response = await fetch(new URL(path, place.url).href, { ...init, credentials, cache: "no-store" });
    const body = await readable(response);
    if (body === undefined) return { ok: false, error: unreadable(response) };
    // The place is a node: what it answers has the shape that the caller names.
    return response.ok ? { ok: true, value: body as T } : { ok: false, error: problemIn(body, response.status) };
  } catch (cause) {
    return { ok: false, error: { code: "away", message: cause instanceof Error ? cause.message : String(cause) } };
  }
}

/** Undefined when it is no JSON. */
const readable = (response: Response): Promise<unknown> => response.json().catch(() => undefined);

/** From something between the page and its node, or cut off. */
const unreadable = ({ status }: Response): Problem => ({
  code: "away",
  message: `The node's answer did not come through (status ${status}). See whether it was done before you try again.`,
});

function problemIn(body: unknown, status: number): Problem {
  const error = typeof body === "object" && body !== null && "error" in body ? body.error : undefined;
  if (typeof error === "object" && error !== null && "code" in error && "message" in error) {
    return { code: String(error.code), message: String(error.message) };
  }
  return { code: "unavailable", message: `The node answered with status ${status}.` };
}
