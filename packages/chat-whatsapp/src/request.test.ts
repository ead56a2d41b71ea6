import { expect, test } from "vitest";

import { exchange } from "./request.ts";

const GET = { method: "GET", url: "https://example.org/", headers: {} } as const;

type Timer = () => void;

function services(answer: typeof fetch): { readonly timers: Timer[]; readonly run: Promise<object> } {
  const timers: Timer[] = [];
  const clock = {
    monoMs: () => 0,
    wallMs: () => 0,
    after: (_: number, run: Timer) => {
      timers.push(run);
      return () => void timers.splice(timers.indexOf(run), 1);
    },
  };
  return { timers, run: exchange(GET, { clock, fetch: answer }) };
}

const failing =
  (cause: unknown): typeof fetch =>
  () =>
    Promise.reject(new TypeError("fetch failed", { cause }));

const systemError = (code: string): Error => Object.assign(new Error(`secret in ${code}`), { code });

test.each(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT", "CERT_HAS_EXPIRED", "ENETUNREACH"])(
  "%s means that nothing was sent",
  async (code) => {
    expect(await services(failing(systemError(code))).run).toEqual({
      type: "unsent",
      reason: `the connection failed (${code})`,
    });
  },
);

test.each(["ECONNRESET", "UND_ERR_SOCKET", "EPIPE", "UND_ERR_HEADERS_TIMEOUT", "NEW_CODE"])(
  "after %s nobody knows",
  async (code) => {
    expect(await services(failing(systemError(code))).run).toMatchObject({ type: "lost" });
  },
);

test("of several addresses all have to have been out of reach", async () => {
  const both = new AggregateError([systemError("ECONNREFUSED"), systemError("ENETUNREACH")]);
  expect(await services(failing(both)).run).toMatchObject({ type: "unsent" });
  const one = new AggregateError([systemError("ECONNREFUSED"), systemError("ECONNRESET")]);
  expect(await services(failing(one)).run).toMatchObject({ type: "lost" });
});

test("an error without a code, or nothing that is an error, leaves it open", async () => {
  for (const cause of [new Error("odd"), "odd", undefined, null]) {
    expect(await services(failing(cause)).run).toMatchObject({ type: "lost" });
  }
});

test("a request that is not answered in time is given up, and nobody knows", async () => {
  const never: typeof fetch = (_, options) =>
    new Promise((_resolve, reject) => {
      options?.signal?.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
    });
  const { timers, run } = services(never);
  expect(timers).toHaveLength(1);
  timers[0]?.();
  expect(await run).toMatchObject({ type: "lost", reason: expect.stringContaining("no answer within") });
});

test("the timer of a request that was answered is gone, and redirects are not followed", async () => {
  const seen: RequestInit[] = [];
  const { timers, run } = services((_, options) => {
    seen.push(options ?? {});
    return Promise.resolve(new Response('{"a":1}', { status: 201 }));
  });
  expect(await run).toMatchObject({ type: "answer", status: 201, body: { a: 1 } });
  expect(timers).toEqual([]);
  expect(seen[0]?.redirect).toBe("manual");
});

test("an answer that is no JSON, or far too long, has no body but its status", async () => {
  for (const text of ["<html>", "", "x".repeat(600_000)]) {
    const { run } = services(() => Promise.resolve(new Response(text, { status: 502 })));
    expect(await run).toMatchObject({ type: "answer", status: 502, body: undefined });
  }
});
