import { expect, test } from "vitest";

import { createHttp, type Answer, type Http, type HttpRequest } from "./http.ts";

/** Time stands still until the test lets it pass. */
function createHeldClock(): {
  readonly after: (delayMs: number, run: () => void) => () => void;
  readonly pass: () => void;
} {
  const due = new Set<() => void>();
  return {
    after: (_, run) => {
      due.add(run);
      return () => due.delete(run);
    },
    pass: () => {
      for (const run of due) run();
    },
  };
}

const request: HttpRequest = { method: "GET", path: "/v3/sync", timeoutMs: 1_000, maxBytes: 1_000 };

function httpWith(answer: typeof fetch, token = "secret-token"): { readonly http: Http; readonly pass: () => void } {
  const clock = createHeldClock();
  const time = { monoMs: () => 0, wallMs: () => 0, after: clock.after };
  return {
    http: createHttp({ homeserver: "https://matrix.example.org/", token, clock: time, fetch: answer }),
    pass: clock.pass,
  };
}

const answering = (
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer<unknown>> =>
  httpWith(() => Promise.resolve(new Response(JSON.stringify(body), { status, headers }))).http(request);

const failing = (code: string): Promise<Answer<unknown>> =>
  httpWith(() =>
    Promise.reject(new TypeError("fetch failed", { cause: Object.assign(new Error("secret-token"), { code }) })),
  ).http(request);

test("an answer is its JSON", async () => {
  expect(await answering(200, { a: 1 })).toEqual({ type: "ok", value: { a: 1 } });
});

test("the token goes into the header and into no address", async () => {
  const seen: unknown[] = [];
  const { http } = httpWith((url, options) => {
    seen.push(url, new Headers(options?.headers).get("authorization"), options?.redirect);
    return Promise.resolve(new Response("{}"));
  });
  await http({ ...request, query: { since: "a b&c" } });
  expect(seen).toEqual([
    "https://matrix.example.org/_matrix/client/v3/sync?since=a+b%26c",
    "Bearer secret-token",
    "manual",
  ]);
});

test.each([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "UND_ERR_CONNECT_TIMEOUT",
  "CERT_HAS_EXPIRED",
  "ERR_TLS_CERT_ALTNAME_INVALID",
])("%s means that nothing was asked", async (code) => {
  expect(await failing(code)).toMatchObject({ type: "unsent", reason: expect.stringContaining(code) });
});

test.each(["ECONNRESET", "UND_ERR_SOCKET", "EPIPE", "UND_ERR_HEADERS_TIMEOUT"])(
  "after %s nobody knows what was done",
  async (code) => {
    expect(await failing(code)).toMatchObject({ type: "unclear" });
  },
);

test("no failure quotes the token", async () => {
  expect(JSON.stringify([await failing("ECONNRESET"), await failing("ENOTFOUND")])).not.toContain("secret-token");
});

test("a homeserver that does not answer is given up after the request's own time", async () => {
  const { http, pass } = httpWith(
    (_, options) =>
      new Promise((_, reject) => {
        options?.signal?.addEventListener("abort", () => reject(options.signal?.reason));
      }),
  );
  const asked = http(request);
  pass();
  expect(await asked).toEqual({ type: "unclear", reason: "the homeserver did not answer in time" });
});

test("an answer that never ends is given up, too", async () => {
  const { http, pass } = httpWith((_, options) => {
    const body = new ReadableStream({
      start: (controller) => options?.signal?.addEventListener("abort", () => controller.error(options.signal?.reason)),
    });
    return Promise.resolve(new Response(body));
  });
  const asked = http(request);
  await Promise.resolve();
  pass();
  expect(await asked).toMatchObject({ type: "unclear" });
});

test("an answer that is too long, or no JSON, is none", async () => {
  expect(await answering(200, "x".repeat(2_000))).toMatchObject({ type: "too-long" });
  const { http } = httpWith(() => Promise.resolve(new Response("<html>", { status: 200 })));
  expect(await http(request)).toMatchObject({ type: "unclear" });
});

test("a refusal says its code, its reason and when to ask again", async () => {
  expect(await answering(403, { errcode: "M_FORBIDDEN", error: "x".repeat(900) })).toEqual({
    type: "refused",
    status: 403,
    code: "M_FORBIDDEN",
    message: "x".repeat(200),
    retryAfterMs: undefined,
  });
  const limited = { errcode: "M_LIMIT_EXCEEDED", retry_after_ms: 960 };
  expect(await answering(429, limited, { "retry-after": "2" })).toMatchObject({ retryAfterMs: 2_000 });
  expect(await answering(429, limited)).toMatchObject({ retryAfterMs: 960 });
  expect(await answering(429, { ...limited, retry_after_ms: "soon" })).toMatchObject({ retryAfterMs: undefined });
  expect(await answering(404, ["no object"])).toMatchObject({ type: "refused", code: "" });
});

test("an error of the homeserver itself leaves open what was done", async () => {
  expect(await answering(502, {})).toMatchObject({ type: "unclear", reason: expect.stringContaining("502") });
});

test("a redirect is not followed, as the token is for one address only", async () => {
  const answer = await answering(301, {}, { location: "https://evil.example" });
  expect(answer).toMatchObject({ type: "refused", message: expect.stringContaining("leads to another") });
});

test("once the token is worth nothing, the homeserver is not asked again", async () => {
  let asked = 0;
  const { http } = httpWith(() => {
    asked++;
    return Promise.resolve(new Response('{"errcode":"M_UNKNOWN_TOKEN","error":"gone"}', { status: 401 }));
  });
  const first = await http(request);
  expect(await http(request)).toEqual(first);
  expect(asked).toBe(1);
});

test("a locked user may be unlocked, so it is asked again", async () => {
  let asked = 0;
  const { http } = httpWith(() => {
    asked++;
    return Promise.resolve(new Response('{"errcode":"M_USER_LOCKED"}', { status: 401 }));
  });
  await http(request);
  await http(request);
  expect(asked).toBe(2);
});

test.each(["", "two\nlines", "with space", "\u{2028}"])(
  "a token that no header can hold is never sent: %j",
  async (token) => {
    const { http } = httpWith(() => Promise.reject(new Error("it was asked")), token);
    const answer = await http(request);
    expect(answer).toMatchObject({ type: "refused", status: 401 });
  },
);
