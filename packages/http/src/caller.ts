/**
 * Who asks: a program with the node's token, or a person with a browser session. What a browser sends by itself, the cookie,
 * counts only for requests of the page itself: with this very origin where something may change or a socket opens, and always
 * with a key that the page keeps in its own storage. The cookie goes to whatever listens on this host; that storage does not.
 */
import { err, ok, type Result } from "@skein/core";
import type { Admission, Standing } from "@skein/node";
import type { IncomingHttpHeaders } from "node:http";

import { type Asker, bearerToken, isSameOrigin, type TokenCheck } from "./access.ts";
import { digestOf } from "./sign-in/secrets.ts";
import { sessionCookies } from "./sign-in/cookie.ts";
import type { Session, Sessions } from "./sign-in/sessions.ts";

export type Caller =
  | { readonly type: "program" }
  | { readonly type: "person"; readonly session: Session; readonly standing: Standing };

export interface CallerRefusal {
  readonly status: 401 | 403;
  readonly code: "unauthorized" | "no-origin";
  readonly message: string;
}

interface Doorkeeper {
  readonly node: string;
  readonly isToken: TokenCheck;
  readonly sessions: Sessions;
  readonly admission: Pick<Admission, "standing">;
}

export interface Knock {
  readonly headers: IncomingHttpHeaders;
  readonly asker: Asker;
  /** The listener speaks TLS. */
  readonly secure: boolean;
  /** Something may change, or a socket opens. */
  readonly mayChange: boolean;
  /** A token beside the usual header: in the query of a socket's address, or among its protocols. */
  readonly token?: { readonly inQuery?: string; readonly inProtocol?: string };
  /** The page's key among a socket's protocols; requests have a header for it. */
  readonly pageKey?: string | undefined;
}

const NOBODY: CallerRefusal = {
  status: 401,
  code: "unauthorized",
  message:
    "You are not signed in: the session is missing or has ended, or the token is wrong. `skein ui` prints a link that signs a browser in; programs send the token in the node's data directory as Authorization: Bearer <token>.",
};

const NOT_THE_PAGE: CallerRefusal = {
  status: 403,
  code: "no-origin",
  message:
    "The request came with a session and without proof that this node's own page sent it, so it was refused. Programs send the token instead.",
};

export function callerOf(keeper: Doorkeeper, knock: Knock): Result<Caller, CallerRefusal> {
  const bearer = bearerToken(knock.headers) ?? knock.token?.inProtocol;
  if (bearer !== undefined) return withBearer(keeper, knock, bearer);
  const inQuery = knock.token?.inQuery;
  if (inQuery !== undefined && knock.asker !== "mesh" && keeper.isToken(inQuery)) return ok({ type: "program" });
  // Another node's page has no cookie here, and none would count.
  if (knock.asker === "mesh") return err(NOBODY);
  for (const { secret, secure } of sessionCookies(knock.headers.cookie, keeper.node)) {
    const session = keeper.sessions.find(secret);
    if (session?.use.type !== "cookie" || session.use.secure !== secure) continue;
    if (!isFromPage(knock)) return err(NOT_THE_PAGE);
    return hasKey(knock, session.use.page) ? person(keeper, session) : err(NOBODY);
  }
  return err(NOBODY);
}

function withBearer(keeper: Doorkeeper, { asker, headers }: Knock, bearer: string): Result<Caller, CallerRefusal> {
  if (keeper.isToken(bearer)) return asker === "mesh" ? err(NOBODY) : ok({ type: "program" });
  const session = keeper.sessions.find(bearer);
  if (session?.use.type !== "bearer" || asker !== "mesh" || session.use.origin !== headers.origin) return err(NOBODY);
  return person(keeper, session);
}

function person({ admission }: Doorkeeper, session: Session): Result<Caller, CallerRefusal> {
  const standing = standingOf(admission, session);
  return standing === undefined ? err(NOBODY) : ok({ type: "person", session, standing });
}

/** Undefined once its member is none any more, or whoever vouched for it is none. */
export function standingOf({ standing }: Pick<Admission, "standing">, { member, use }: Session): Standing | undefined {
  return use.type === "bearer" && standing(use.issuer) === undefined ? undefined : standing(member);
}

function isFromPage({ headers, secure, mayChange }: Knock): boolean {
  if (headers.origin !== undefined) return isSameOrigin(headers, secure);
  if (mayChange) return false;
  const site = headers["sec-fetch-site"];
  // Browsers say it only to addresses that they trust: this machine's own, and TLS.
  return site === undefined || site === "same-origin";
}

/** Set by the page on every request. A page of another site would have to ask first, and is refused. */
const PAGE_HEADER = "x-skein-page";

function hasKey({ headers, pageKey }: Knock, digest: string): boolean {
  const shown = pageKey ?? headers[PAGE_HEADER];
  return typeof shown === "string" && digestOf(shown) === digest;
}
