/**
 * The routes by which people come in and go:
 *
 *     a program with the token ── POST logins ──► a code ──► skein ui prints it behind `#`
 *     a member's key ── POST challenges, POST challenges/answer ──► a code
 *     this node's page, with a code ── POST session ──► the cookie
 *     another node's page, with a pass ── POST session/pass-in ──► a secret that the page holds in memory
 *
 * Whoever comes in by a code or a key does so over a page of this very origin; what they may do is asked of the mesh again
 * at every request. Nobody is counted for being wrong: secrets of 256 bits are not guessed, and behind a proxy everybody has
 * one address. What is bounded is what a genuine one leaves behind, for each member alone.
 */
import { err, leastRole, ok, type Result, type Role, ROLES } from "@skein/core";

import type { Caller } from "../caller.ts";
import { HTTP_LIMITS } from "../limits.ts";
import { errorReply, jsonReply, type Reply } from "../reply.ts";
import type { Route, RouteRequest } from "../routes.ts";
import { clearCookie, setCookie } from "./cookie.ts";
import { loginFragment } from "./desk.ts";
import { digestOf, drawSecret } from "./secrets.ts";
import type { Session } from "./sessions.ts";

type Handle = (request: RouteRequest) => Promise<Reply> | Reply;

const route = (method: Route["method"], path: string, access: Route["access"], handle: Handle): Route => ({
  method,
  path,
  access,
  handle,
});

export const SIGN_IN_ROUTES: readonly Route[] = [
  route("POST", "/api/v1/logins", "program", makeLogin),
  route("POST", "/api/v1/challenges", "sign-in", makeChallenge),
  route("POST", "/api/v1/challenges/answer", "sign-in", answerChallenge),
  route("POST", "/api/v1/session", "sign-in", signIn),
  route("POST", "/api/v1/session/pass-in", "sign-in", passIn),
  route("GET", "/api/v1/session", "token", describeSession),
  route("POST", "/api/v1/session/end", "token", signOut),
  route("POST", "/api/v1/session/pass", "token", issuePass),
  route("GET", "/api/v1/sessions", "program", listSessions),
  route("POST", "/api/v1/sessions/end", "program", endSessions),
];

/** A code for this node's own member, with no more than the role that is asked for. */
async function makeLogin(request: RouteRequest): Promise<Reply> {
  const fields = await bodyOf(request, ["role"]);
  if (!fields.ok) return fields.error;
  const role = roleIn(fields.value["role"] ?? "owner");
  if (role === undefined) return badInput(`"role" is one of ${ROLES.join(", ")}.`);
  const member = request.api.nodeId;
  return codeReply(request, request.signIn.codes.issue({ member, role, by: "link" }));
}

const codeReply = ({ api, signIn: desk }: RouteRequest, code: string): Reply =>
  jsonReply(200, {
    code,
    fragment: loginFragment(code),
    page: desk.page,
    name: api.name,
    expiresInMs: HTTP_LIMITS.codeMs,
  });

function makeChallenge({ api, signIn: desk }: RouteRequest): Reply {
  return jsonReply(200, { challenge: desk.challenges.issue(), node: api.nodeId, mesh: api.meshId });
}

async function answerChallenge(request: RouteRequest): Promise<Reply> {
  const { signIn: desk, from, api } = request;
  const fields = await bodyOf(request, ["origin", "challenge", "key", "signature"]);
  if (!fields.ok) return fields.error;
  const { origin = "", challenge = "", key = "", signature = "" } = fields.value;
  const isOwn = URL.canParse(origin) && from.hosts.has(new URL(origin).host) && new URL(origin).origin === origin;
  if (!isOwn) return refused("The answer was made for another address than this node's, so it was refused.");
  const expires = desk.challenges.check(challenge);
  if (expires === undefined) {
    return refused("That challenge is not one of this node's, or has expired. Ask for a new one.");
  }
  const proved = api.admission.prove({ origin, challenge, key, signature });
  if (!proved.ok) return refused(proved.error);
  const member = proved.value.id;
  const use = desk.useChallenge(member, challenge, expires);
  if (use === "full") return TOO_OFTEN;
  if (use === "used") return refused("That challenge was answered before. Ask for a new one.");
  return codeReply(request, desk.codes.issue({ member, role: "owner", by: "key" }));
}

const refused = (message: string): Reply => errorReply(403, { code: "not-allowed", message });

async function signIn(request: RouteRequest): Promise<Reply> {
  const { signIn: desk, from, api } = request;
  if (!from.isOwnPage) return NOT_THE_PAGE;
  const fields = await bodyOf(request, ["code"]);
  if (!fields.ok) return fields.error;
  const admitted = desk.codes.take(fields.value["code"] ?? "");
  if (admitted === undefined || api.admission.standing(admitted.member) === undefined) {
    return refused("This sign-in link was used before, or is older than two minutes. `skein ui` prints a new one.");
  }
  const { secure } = from;
  const pageKey = drawSecret();
  const use = { type: "cookie", secure, page: digestOf(pageKey) } as const;
  const { secret, session } = desk.sessions.begin({ ...admitted, use });
  const described = { ...sessionOf(request, session), pageKey };
  return jsonReply(200, described, { "Set-Cookie": setCookie({ node: api.nodeId, secure }, secret) });
}

async function passIn(request: RouteRequest): Promise<Reply> {
  const { signIn: desk, from, api } = request;
  if (from.asker !== "mesh") return NOT_THE_PAGE;
  const fields = await bodyOf(request, ["pass"]);
  if (!fields.ok) return fields.error;
  const pass = api.admission.readPass(fields.value["pass"] ?? "");
  if (!pass.ok) return refused(pass.error);
  const { member, role, origin, issuer, nonce, expires } = pass.value;
  if (origin !== from.origin) return refused("The pass was made for another page.");
  if (api.admission.standing(member) === undefined) return refused("Whoever the pass is for is no member any more.");
  const used = desk.usePass({ issuer, member }, nonce, expires);
  if (used === "full") return TOO_OFTEN;
  if (used === "used") return refused("The pass was used before.");
  const use = { type: "bearer", origin, issuer } as const;
  const { secret, session } = desk.sessions.begin({ member, role, by: "pass", use });
  return jsonReply(200, { ...sessionOf(request, session), secret });
}

function describeSession(request: RouteRequest): Reply {
  const { caller, api } = request;
  if (caller?.type === "person") return jsonReply(200, sessionOf(request, caller.session));
  const own = api.admission.standing(api.nodeId);
  return jsonReply(200, { ...placeOf(request), member: own?.id ?? api.nodeId, name: own?.name ?? "", role: own?.role });
}

const placeOf = ({ api }: RouteRequest): object => ({ node: api.nodeId, nodeName: api.name, mesh: api.meshId });

function sessionOf(request: RouteRequest, session: Session): object {
  const standing = request.api.admission.standing(session.member);
  return {
    ...placeOf(request),
    session: session.id,
    member: session.member,
    name: standing?.name ?? "",
    role: standing === undefined ? "observer" : leastRole(standing.role, session.role),
    by: session.by,
    endsAt: request.signIn.sessions.endsAt(session),
  };
}

function signOut({ caller, signIn: desk, api }: RouteRequest): Reply {
  if (caller?.type !== "person") return badInput("A token does not sign out; people with a session do.");
  desk.sessions.end(caller.session.id);
  const { use } = caller.session;
  const headers = use.type === "cookie" ? { "Set-Cookie": clearCookie({ node: api.nodeId, secure: use.secure }) } : {};
  return jsonReply(200, { ok: true }, headers);
}

async function issuePass(request: RouteRequest): Promise<Reply> {
  const { caller, from, api } = request;
  if (caller?.type !== "person" || from.origin === "") return NOT_THE_PAGE;
  const fields = await bodyOf(request, ["to"]);
  if (!fields.ok) return fields.error;
  const { member, role } = caller.session;
  const issued = api.admission.issuePass({
    to: fields.value["to"] ?? "",
    actor: { member, role },
    origin: from.origin,
  });
  if (!issued.ok) return errorReply(403, { code: "not-allowed", message: issued.error });
  return jsonReply(200, { pass: issued.value });
}

function listSessions({ signIn: desk, api }: RouteRequest): Reply {
  const sessions = desk.sessions.list().map(({ id, member, role, by, use, sinceMs, seenMs }) => {
    const standing = api.admission.standing(member);
    const now = standing === undefined ? null : leastRole(standing.role, role);
    const at = use.type === "bearer" ? use.origin : null;
    return { session: id, member, name: standing?.name ?? null, role: now, by, page: at, since: sinceMs, seen: seenMs };
  });
  return jsonReply(200, sessions);
}

async function endSessions(request: RouteRequest): Promise<Reply> {
  const fields = await bodyOf(request, ["session"]);
  if (!fields.ok) return fields.error;
  const { sessions } = request.signIn;
  const id = fields.value["session"] ?? "";
  if (id === "all") return jsonReply(200, { ended: sessions.endAll() });
  if (sessions.end(id)) return jsonReply(200, { ended: 1 });
  return errorReply(404, {
    code: "not-found",
    message: "There is no session with that name. `skein ui --list` shows them.",
  });
}

/** Who a person's session may speak for; a program speaks for the node itself. */
export const actorOf = (caller: Caller | undefined): { readonly member: string; readonly role: Role } | undefined =>
  caller?.type === "person" ? { member: caller.session.member, role: caller.session.role } : undefined;

/** A flat object of texts with these keys and no other, each of which may be missing. */
async function bodyOf(
  { body }: RouteRequest,
  keys: readonly string[],
): Promise<Result<Readonly<Record<string, string>>, Reply>> {
  const parsed = await body();
  if (!parsed.ok) return err(errorReply(parsed.error.status, parsed.error));
  const { value } = parsed;
  const entries: readonly (readonly [string, unknown])[] =
    typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : [["", null]];
  const fields = entries.flatMap(([key, text]) => (typeof text === "string" ? [[key, text] as const] : []));
  const fits = fields.length === entries.length && fields.every(([key]) => keys.includes(key));
  if (!fits) return err(badInput(`The body is an object with texts for: ${keys.join(", ")}.`));
  return ok(Object.fromEntries(fields));
}

const roleIn = (text: string): Role | undefined => ROLES.find((role) => role === text);

const badInput = (message: string): Reply => errorReply(400, { code: "bad-input", message });

const NOT_THE_PAGE: Reply = errorReply(403, {
  code: "no-origin",
  message: "Only the page that this node serves signs in here. Open the link that `skein ui` prints in a browser.",
});

const TOO_OFTEN: Reply = errorReply(
  429,
  {
    code: "too-often",
    message: "This member has signed in too often in the last minutes. Wait ten minutes and try again.",
  },
  { "Retry-After": "600" },
);
