/** Coming in and going: codes, keys, passes, and what a session may do. Attacks on every route are in sessions-attacks.test.ts. */
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";

import { HTTP_LIMITS } from "../limits.ts";
import { SELF } from "../testing/fake-node.ts";
import { rawRequest, type RawAnswer } from "../testing/raw-request.ts";
import { type Signed, signedIn, signInByLink } from "../testing/sign-in.ts";
import { startTestServer, TEST_TOKEN, type TestServer } from "../testing/start-server.ts";
import type { StoredSession } from "./sessions.ts";

const BEARER = { Authorization: `Bearer ${TEST_TOKEN}` };
const ANNA = "b2".repeat(32);
const OTHER_PAGE = "http://192.0.2.9:4711";

let server: TestServer;
let nowMs: number;
let stored: readonly StoredSession[];

const start = (): Promise<TestServer> =>
  startTestServer({
    now: () => nowMs,
    sessions: { read: () => stored, write: (sessions) => (stored = sessions) },
  });

beforeEach(async () => {
  nowMs = 1_790_000_000_000;
  stored = [];
  server = await start();
  server.node.members.set(ANNA, { id: ANNA, name: "anna", role: "operator" });
});

afterEach(() => server.close());

const origin = (): string => server.url;
const bodyIn = (answer: RawAnswer): Record<string, unknown> => JSON.parse(answer.body) as Record<string, unknown>;

const post = (path: string, body: object, headers: Record<string, string> = {}): Promise<RawAnswer> =>
  rawRequest({
    url: server.url,
    target: `/api/v1/${path}`,
    method: "POST",
    body: JSON.stringify(body),
    headers: { "Content-Type": "application/json", ...headers },
  });

const get = (path: string, headers: Record<string, string> = {}): Promise<RawAnswer> =>
  rawRequest({ url: server.url, target: `/api/v1/${path}`, headers });

/** As the page itself asks. */
const page = ({ cookie, key }: Signed): Record<string, string> => ({
  Cookie: cookie,
  "X-Skein-Page": key,
  Origin: origin(),
});

const makeCode = async (role?: string): Promise<string> => {
  const answer = bodyIn(await post("logins", role === undefined ? {} : { role }, BEARER));
  return String(answer["code"]);
};

test("a link signs one browser in, once, with a cookie that only this page's requests carry", async () => {
  const made = bodyIn(await post("logins", {}, BEARER));
  expect(made).toMatchObject({ page: server.url, fragment: `#/login?code=${String(made["code"])}` });
  expect(String(made["code"])).toMatch(/^[\w-]{43}$/);
  const entered = await post("session", { code: String(made["code"]) }, { Origin: origin() });
  expect(bodyIn(entered)).toMatchObject({ member: SELF, name: "alder", role: "owner", nodeName: "alder", by: "link" });
  const [cookie = ""] = entered.headers["set-cookie"] ?? [];
  expect(cookie).toMatch(/^skein-a1a1a1a1a1a1=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=1209600$/);
  expect((await post("session", { code: String(made["code"]) }, { Origin: origin() })).status).toBe(403);
  expect(bodyIn(await get("session", page(signedIn(entered))))).toMatchObject({ name: "alder", role: "owner" });
});

test("over TLS the cookie is one that is set for TLS and this host alone", async () => {
  const secure = origin().replace("http:", "https:");
  const entered = await post("session", { code: await makeCode() }, { Origin: secure });
  const [cookie = ""] = entered.headers["set-cookie"] ?? [];
  expect(cookie).toMatch(/^__Host-skein-a1a1a1a1a1a1=[\w-]{43}; Path=\/; .*; Secure$/);
  // The same secret under the name for plain HTTP is another cookie, and nobody's.
  expect((await get("session", page(signedIn(entered)))).status).toBe(200);
  const { cookie: given, key } = signedIn(entered);
  expect((await get("session", page({ cookie: given.replace("__Host-", ""), key }))).status).toBe(401);
});

test("a code is taken from this very page only, and not after two minutes", async () => {
  const code = await makeCode();
  for (const headers of [
    {},
    { Origin: "http://localhost:1" },
    { Origin: "null" },
    { Origin: origin().replace("127.0.0.1", "localhost") },
  ]) {
    expect((await post("session", { code }, headers)).status).toBe(403);
  }
  nowMs += 2 * 60_000;
  expect((await post("session", { code }, { Origin: origin() })).status).toBe(403);
});

test("what was made while the clock was ahead is good for no longer once that is right", async () => {
  nowMs += 24 * 3_600_000;
  const code = await makeCode();
  const { challenge } = bodyIn(await post("challenges", {}));
  nowMs -= 24 * 3_600_000;
  expect((await post("session", { code }, { Origin: origin() })).status).toBe(403);
  expect((await answerChallenge({ challenge: String(challenge) })).status).toBe(403);
  // Clocks are set by less than that all the time.
  const later = await makeCode();
  nowMs -= 1_000;
  expect((await post("session", { code: later }, { Origin: origin() })).status).toBe(200);
});

test("however often somebody is wrong, and whatever they ask for, who has a code, a key or a pass comes in", async () => {
  const pass = { member: ANNA, role: "agent", origin: OTHER_PAGE, expires: nowMs + 1_000, issuer: ANNA } as const;
  server.node.pages.set(ANNA, { origin: OTHER_PAGE, role: "owner" });
  server.node.passes.set("good", { ...pass, nonce: "n1" });
  const code = await makeCode();
  const { challenge } = bodyIn(await post("challenges", {}));
  const answer = { origin: origin(), challenge: String(challenge), key: ANNA, signature: "good" };
  const flood = async (at: number): Promise<void> => {
    await post("challenges", {});
    const wrong = [
      await post("session", { code: `wrong ${at}` }, { Origin: origin() }),
      await post("challenges/answer", { ...answer, signature: "bad" }),
      await post("challenges/answer", { ...answer, challenge: `${at}`.padStart(64, "0") }),
      await post("session/pass-in", { pass: `wrong ${at}` }, { Origin: OTHER_PAGE }),
    ];
    expect(wrong.map(({ status }) => status)).toEqual([403, 403, 403, 403]);
  };
  for (let at = 0; at < 120; at++) await flood(at);
  expect((await post("session", { code }, { Origin: origin() })).status).toBe(200);
  expect((await post("challenges/answer", answer)).status).toBe(200);
  expect((await post("session/pass-in", { pass: "good" }, { Origin: OTHER_PAGE })).status).toBe(200);
});

test("a member who asks for codes and answers challenges without end takes nobody's place but their own", async () => {
  const OTHER = "c3".repeat(32);
  server.node.members.set(OTHER, { id: OTHER, name: "other", role: "agent" });
  const [mine, { code: annas }] = [await makeCode(), bodyIn(await answerChallenge())];
  const theirs: RawAnswer[] = [];
  for (let at = 0; at < 201; at++) theirs.push(await answerChallenge({ key: OTHER }));
  expect(theirs.map(({ status }) => status)).toEqual([...Array.from({ length: 200 }, () => 200), 429]);
  for (const code of [mine, String(annas)]) {
    expect((await post("session", { code }, { Origin: origin() })).status).toBe(200);
  }
  const codes = theirs.slice(0, 200).map((answer) => String(bodyIn(answer)["code"]));
  const enter = async (code = ""): Promise<number> => (await post("session", { code }, { Origin: origin() })).status;
  expect([await enter(codes[179]), await enter(codes[180]), await enter(codes[199])]).toEqual([403, 200, 200]);
  expect((await answerChallenge()).status).toBe(200);
  // What was answered has expired, and so has been forgotten.
  nowMs += 2 * 60_000 + 1;
  expect((await answerChallenge({ key: OTHER })).status).toBe(200);
});

test("a challenge is good for two minutes, at the process that made it, in one spelling", async () => {
  const { challenge } = bodyIn(await post("challenges", {}));
  const text = String(challenge);
  expect(text).toMatch(/^[0-9a-f]{64}$/);
  for (let at = 0; at < text.length; at++) {
    const flipped = `${text.slice(0, at)}${text[at] === "0" ? "1" : "0"}${text.slice(at + 1)}`;
    expect((await answerChallenge({ challenge: flipped })).status).toBe(403);
  }
  expect((await answerChallenge({ challenge: text.toUpperCase() })).status).toBe(403);
  nowMs += 2 * 60_000;
  expect((await answerChallenge({ challenge: text })).status).toBe(403);
  const later = String(bodyIn(await post("challenges", {}))["challenge"]);
  await server.close();
  server = await start();
  server.node.members.set(ANNA, { id: ANNA, name: "anna", role: "operator" });
  expect((await answerChallenge({ challenge: later })).status).toBe(403);
});

test("whoever is nobody yet is not read for longer than the longest pass", async () => {
  for (const [path, from] of [
    ["session", origin()],
    ["challenges/answer", origin()],
    ["session/pass-in", OTHER_PAGE],
  ] as const) {
    server.node.pages.set(ANNA, { origin: OTHER_PAGE, role: "owner" });
    expect([path, (await post(path, { code: "x".repeat(9_000) }, { Origin: from })).status]).toEqual([path, 413]);
  }
});

test("commands of a session are given in its member's name, with its role at most", async () => {
  const observer = await signInByLink(server, "observer");
  expect((await post("commands", { name: "item.add", input: {} }, page(observer))).status).toBe(200);
  expect((await get("items", page(observer))).status).toBe(200);
  await post("commands", { name: "item.add", input: {} }, BEARER);
  const asObserver = { member: SELF, role: "observer" };
  expect(server.node.actors).toEqual([asObserver, asObserver, undefined]);
  expect(bodyIn(await get("session", page(observer)))).toMatchObject({ role: "observer" });
});

test("what is for programs of this machine is for no session", async () => {
  const owner = await signInByLink(server);
  for (const path of ["logins", "sessions/end", "snapshots"]) {
    expect([path, (await post(path, {}, page(owner))).status]).toEqual([path, 403]);
  }
  expect((await get("sessions", page(owner))).status).toBe(403);
});

test("signing out ends the session and takes the cookie away", async () => {
  const signed = await signInByLink(server);
  const out = await post("session/end", {}, page(signed));
  expect(out.headers["set-cookie"]).toEqual([expect.stringMatching(/^skein-a1a1a1a1a1a1=; .*Max-Age=0$/)]);
  expect((await get("session", page(signed))).status).toBe(401);
  expect(stored).toEqual([]);
});

test("sessions outlive a restart as digests, end when nobody uses them, and at the latest after two weeks", async () => {
  const signed = await signInByLink(server);
  expect(JSON.stringify(stored)).not.toContain(signed.cookie.split("=")[1]);
  expect(JSON.stringify(stored)).not.toContain(signed.key);
  await server.close();
  server = await start();
  expect((await get("session", page(signed))).status).toBe(200);
  const idle = 36 * 3_600_000;
  nowMs += idle - 1;
  expect((await get("session", page(signed))).status).toBe(200);
  nowMs += idle;
  expect((await get("session", page(signed))).status).toBe(401);
  const used = await signInByLink(server);
  for (let day = 0; day < 13; day++) {
    nowMs += 24 * 3_600_000;
    expect((await get("session", page(used))).status).toBe(200);
  }
  nowMs += 24 * 3_600_000;
  expect((await get("session", page(used))).status).toBe(401);
});

test("sessions are listed and ended by programs of this machine", async () => {
  const [one, two] = [await signInByLink(server), await signInByLink(server, "agent")];
  const listed = JSON.parse((await get("sessions", BEARER)).body) as { session: string; role: string; name: string }[];
  expect(listed.map(({ role, name }) => [name, role])).toEqual([
    ["alder", "owner"],
    ["alder", "agent"],
  ]);
  expect(bodyIn(await post("sessions/end", { session: listed[0]?.session ?? "" }, BEARER))).toEqual({ ended: 1 });
  expect((await get("session", page(one))).status).toBe(401);
  expect((await get("session", page(two))).status).toBe(200);
  expect((await post("sessions/end", { session: "nobody" }, BEARER)).status).toBe(404);
  expect(bodyIn(await post("sessions/end", { session: "all" }, BEARER))).toEqual({ ended: 1 });
  expect((await get("session", page(two))).status).toBe(401);
});

const answerChallenge = async (more: Record<string, string> = {}): Promise<RawAnswer> => {
  const { challenge } = bodyIn(await post("challenges", {}));
  return post("challenges/answer", {
    origin: origin(),
    challenge: String(challenge),
    key: ANNA,
    signature: "good",
    ...more,
  });
};

test("a member's key gets a link for that member, who is gone once it is removed", async () => {
  const { code } = bodyIn(await answerChallenge());
  const entered = await post("session", { code: String(code) }, { Origin: origin() });
  expect(bodyIn(entered)).toMatchObject({ member: ANNA, name: "anna", role: "operator", by: "key" });
  server.node.members.delete(ANNA);
  expect((await get("session", page(signedIn(entered)))).status).toBe(401);
});

test("an answer counts once, for a challenge of this node, for its own address, and when the key is a member's", async () => {
  const { challenge } = bodyIn(await post("challenges", {}));
  const answer = { challenge: String(challenge) };
  expect((await answerChallenge(answer)).status).toBe(200);
  expect((await answerChallenge(answer)).status).toBe(403);
  for (const wrong of [
    { challenge: "00".repeat(32) },
    { challenge: "nonsense" },
    { origin: "http://evil.example" },
    { origin: `${origin()}/path` },
    { origin: "" },
    { signature: "bad" },
    { key: "cc".repeat(32) },
  ]) {
    expect([wrong, (await answerChallenge(wrong)).status]).toEqual([wrong, 403]);
  }
});

test("the page of another node of the mesh goes on here with a pass, and with nothing else", async () => {
  const { passes, pages } = server.node;
  pages.set(ANNA, { origin: OTHER_PAGE, role: "owner" });
  const pass = {
    member: ANNA,
    role: "agent" as const,
    origin: OTHER_PAGE,
    nonce: "n1",
    expires: nowMs + 1_000,
    issuer: ANNA,
  };
  passes.set("good", pass);
  passes.set("elsewhere", { ...pass, nonce: "n2", origin: "http://192.0.2.10:4711" });
  passes.set("nobody", { ...pass, nonce: "n3", member: "dd".repeat(32) });
  const from = { Origin: OTHER_PAGE };
  for (const wrong of ["elsewhere", "nobody", "none"]) {
    expect([wrong, (await post("session/pass-in", { pass: wrong }, from)).status]).toEqual([wrong, 403]);
  }
  expect((await post("session/pass-in", { pass: "good" }, { Origin: origin() })).status).toBe(403);
  expect((await post("session/pass-in", { pass: "good" })).status).toBe(403);
  const entered = await post("session/pass-in", { pass: "good" }, from);
  expect(entered.headers["set-cookie"]).toBeUndefined();
  expect(entered.headers["access-control-allow-origin"]).toBe(OTHER_PAGE);
  expect(entered.headers["access-control-allow-credentials"]).toBeUndefined();
  expect(bodyIn(entered)).toMatchObject({ member: ANNA, role: "agent", by: "pass" });
  expect((await post("session/pass-in", { pass: "good" }, from)).status).toBe(403);
  const secret = { Authorization: `Bearer ${String(bodyIn(entered)["secret"])}` };
  expect((await get("session", { ...from, ...secret })).status).toBe(200);
  // The secret of one page is none for another, for this one, or for a program; and it is no cookie.
  expect((await get("session", secret)).status).toBe(401);
  expect((await get("session", { ...secret, Origin: origin() })).status).toBe(401);
  expect(
    (await get("session", page({ cookie: `skein-a1a1a1a1a1a1=${String(bodyIn(entered)["secret"])}`, key: "" }))).status,
  ).toBe(401);
  expect(stored).toEqual([]);
  // Nor does another node's page get anywhere with this node's token or cookies.
  expect((await get("session", { ...from, ...BEARER })).status).toBe(401);
  expect((await get("session", { ...page(await signInByLink(server)), ...from })).status).toBe(401);
  // Once its member is removed it is a page like any other site's.
  pages.clear();
  expect((await get("session", { ...from, ...secret })).status).toBe(403);
});

test("who came in by a member's word goes with that member, whatever page the pass named", async () => {
  const { passes, pages, members } = server.node;
  const liar = "c3".repeat(32);
  members.set(liar, { id: liar, name: "liar", role: "operator" });
  // The page of another member, which stays.
  pages.set(ANNA, { origin: OTHER_PAGE, role: "owner" });
  const role = "operator" as const;
  passes.set("lie", { member: ANNA, role, origin: OTHER_PAGE, nonce: "n1", expires: nowMs + 1_000, issuer: liar });
  const from = { Origin: OTHER_PAGE };
  const { secret } = bodyIn(await post("session/pass-in", { pass: "lie" }, from));
  const shown = { ...from, Authorization: `Bearer ${String(secret)}` };
  expect((await get("session", shown)).status).toBe(200);
  members.delete(liar);
  expect((await get("session", shown)).status).toBe(401);
});

test("who uses up passes of a node takes none from others whom the same node vouches for", async () => {
  const { passes, pages, members } = server.node;
  const reader = "c3".repeat(32);
  members.set(reader, { id: reader, name: "reader", role: "observer" });
  pages.set(ANNA, { origin: OTHER_PAGE, role: "owner" });
  const pass = { role: "observer" as const, origin: OTHER_PAGE, expires: nowMs + 1_000, issuer: ANNA };
  const from = { Origin: OTHER_PAGE };
  for (let at = 0; at < HTTP_LIMITS.signedOfMember; at++) {
    passes.set(`one ${at}`, { ...pass, member: reader, nonce: `one ${at}` });
    expect((await post("session/pass-in", { pass: `one ${at}` }, from)).status).toBe(200);
  }
  passes.set("too much", { ...pass, member: reader, nonce: "too much" });
  expect((await post("session/pass-in", { pass: "too much" }, from)).status).toBe(429);
  passes.set("anna's", { ...pass, member: ANNA, nonce: "anna's" });
  expect((await post("session/pass-in", { pass: "anna's" }, from)).status).toBe(200);
});

test("a session that is ended takes its sockets with it, at once", async () => {
  const one = await signInByLink(server);
  const two = await signInByLink(server);
  const open = async ({ cookie, key }: Signed): Promise<{ readonly closed: Promise<number> }> => {
    const headers = { Cookie: cookie, Origin: origin() };
    const socket = new WebSocket(`${origin().replace("http", "ws")}/yjs/board`, ["skein", `skein.page.${key}`], {
      headers,
    });
    onTestFinished(() => socket.terminate());
    const closed = new Promise<number>((resolve) => socket.once("close", resolve));
    await new Promise((resolve) => socket.once("open", resolve));
    return { closed };
  };
  const [first, second] = [await open(one), await open(two)];
  await post("session/end", {}, page(one));
  expect(await first.closed).toBe(4401);
  await post("sessions/end", { session: "all" }, BEARER);
  expect(await second.closed).toBe(4401);
});

test("browsers are told who may ask from elsewhere, and nobody that is not of the mesh", async () => {
  server.node.pages.set(ANNA, { origin: OTHER_PAGE, role: "owner" });
  const preflight = (from: string): Promise<RawAnswer> =>
    rawRequest({
      url: server.url,
      target: "/api/v1/commands",
      method: "OPTIONS",
      headers: { Origin: from, "Access-Control-Request-Method": "POST" },
    });
  expect((await preflight(OTHER_PAGE)).headers).toMatchObject({
    "access-control-allow-origin": OTHER_PAGE,
    "access-control-allow-headers": "Authorization, Content-Type, X-Skein-Page",
    vary: "Origin",
  });
  for (const from of [
    "http://evil.example",
    "null",
    `${OTHER_PAGE}.evil.example`,
    OTHER_PAGE.replace("http", "https"),
  ]) {
    const answer = await preflight(from);
    expect([from, answer.status, answer.headers["access-control-allow-origin"]]).toEqual([from, 403, undefined]);
  }
});

test("a pass is given to a page with a session, for that page", async () => {
  const signed = await signInByLink(server, "operator");
  const given = bodyIn(await post("session/pass", { to: ANNA }, page(signed)));
  expect(given["pass"]).toBe(`${ANNA} ${SELF} operator ${origin()}`);
  expect((await post("session/pass", { to: ANNA }, BEARER)).status).toBe(403);
});
