/**
 * Discord's REST interface: one question, one answer, nothing repeated. `@discordjs/rest` keeps the buckets of the rate
 * limits; here it says when to come back instead of waiting inside, and what went wrong becomes one of four facts that the
 * caller can act on.
 */
import { DiscordAPIError, HTTPError, RateLimitError, RequestMethod, REST, type ResponseLike } from "@discordjs/rest";
import type { TransportContext } from "@skein/chat";
import { err, ok, type Result } from "@skein/core";

import { readCapped } from "./capped-body.ts";
import { createInvalidBudget, type InvalidBudget } from "./invalid-budget.ts";
import { type DiscordSettings, TOKEN } from "./settings.ts";

export type ApiFailure =
  /** Not asked, or turned away unread: later. */
  | { readonly type: "limited"; readonly afterMs: number; readonly scope: "account" | "room"; readonly reason: string }
  /** Discord said no. */
  | { readonly type: "refused"; readonly status: number; readonly code: number; readonly reason: string }
  /** Discord was not reached, so nothing happened there. */
  | { readonly type: "unreachable"; readonly reason: string }
  /** Nobody knows whether it happened. */
  | { readonly type: "uncertain"; readonly reason: string };

export type Answer = Result<unknown, ApiFailure>;

interface ApiRequest {
  readonly body?: unknown;
  readonly query?: Readonly<Record<string, string>>;
  /** A callback of an interaction carries its own token. */
  readonly anonymous?: boolean;
  readonly signal?: AbortSignal;
}

export type Ask = (method: keyof typeof METHODS, path: `/${string}`, request?: ApiRequest) => Promise<Answer>;

export interface Api {
  readonly request: Ask;
  /** Resolves when nothing is under way. */
  close(): Promise<void>;
}

const METHODS = {
  GET: RequestMethod.Get,
  POST: RequestMethod.Post,
  PUT: RequestMethod.Put,
  PATCH: RequestMethod.Patch,
};

const TIMEOUT_MS = 15_000;
const REASON_MAX = 300;

export function createApi(
  settings: Pick<DiscordSettings, "api">,
  context: TransportContext,
  invalid: InvalidBudget = createInvalidBudget(context.clock),
): Api {
  const rest = new REST({
    api: settings.api.replace(/\/+$/, ""),
    version: "10",
    retries: 0,
    timeout: TIMEOUT_MS,
    rejectOnRateLimit: () => true,
    userAgentAppendix: "skein",
    makeRequest: async (url, init) => {
      const response = await ask(context, url, init);
      invalid.note(response.status);
      return response;
    },
  });
  const underWay = new Set<Promise<unknown>>();
  const request = async (
    method: keyof typeof METHODS,
    path: `/${string}`,
    { body, query, anonymous = false, signal }: ApiRequest,
  ): Promise<Answer> => {
    const waitMs = invalid.waitMs();
    if (waitMs > 0) return err(limited(waitMs, "account", "Discord refused too many requests of this node lately"));
    // The library forgets the token after a 401, and a person may have put a new one.
    rest.setToken(context.secret(TOKEN));
    // The library listens to a signal and never stops, so each request gets one of its own.
    const own = new AbortController();
    const abort = (): void => own.abort();
    signal?.addEventListener("abort", abort);
    if (signal?.aborted === true) abort();
    try {
      const value = await rest.request({
        method: METHODS[method],
        fullRoute: path,
        auth: !anonymous,
        signal: own.signal,
        ...(body === undefined ? {} : { body }),
        ...(query === undefined ? {} : { query: new URLSearchParams(query) }),
      });
      return ok(value);
    } catch (cause) {
      return err(failureOf(cause));
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  };
  return {
    request: async (method, path, options = {}) => {
      const running = request(method, path, options);
      underWay.add(running);
      try {
        return await running;
      } finally {
        underWay.delete(running);
      }
    },
    close: async () => {
      rest.clearHashSweeper();
      rest.clearHandlerSweeper();
      await Promise.allSettled(underWay);
    },
  };
}

type Init = Parameters<REST["options"]["makeRequest"]>[1];

async function ask(context: TransportContext, url: string, init: Init): Promise<ResponseLike> {
  const response = await context.fetch(url, {
    method: init.method ?? "GET",
    headers: new Headers(Object.entries(init.headers ?? {}).map(([name, value]) => [name, String(value)])),
    // Everything that is sent here is JSON, which the library has made a string of.
    body: typeof init.body === "string" ? init.body : null,
    signal: init.signal ?? null,
    redirect: "error",
  });
  return readCapped(response);
}

const limited = (afterMs: number, scope: "account" | "room", reason: string): ApiFailure => ({
  type: "limited",
  afterMs: Math.ceil(afterMs),
  scope,
  reason,
});

const DEFAULT_WAIT_MS = 1_000;
const WAIT_MAX_MS = 3_600_000;

function failureOf(cause: unknown): ApiFailure {
  if (cause instanceof RateLimitError) {
    const told = [cause.retryAfter, cause.sublimitTimeout, cause.timeToReset].find((ms) => ms > 0) ?? DEFAULT_WAIT_MS;
    const scope = cause.global || cause.scope === "global" ? "account" : "room";
    return limited(Math.min(told, WAIT_MAX_MS), scope, "Discord's rate limit is reached");
  }
  if (cause instanceof DiscordAPIError) {
    const code = typeof cause.code === "number" ? cause.code : 0;
    const said = cause.message.slice(0, REASON_MAX);
    return {
      type: "refused",
      status: cause.status,
      code,
      reason: `Discord answered ${cause.status} (${code}): ${said}`,
    };
  }
  if (cause instanceof HTTPError) return { type: "uncertain", reason: `Discord answered ${cause.status}` };
  return networkFailure(cause);
}

/** Found before a connection stood, so the request cannot have been read. */
const BEFORE_CONNECTED: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** Only codes are passed on: a message could hold an address with an interaction's token in it. */
function networkFailure(cause: unknown): ApiFailure {
  const code = codeOf(cause) ?? (cause instanceof Error ? codeOf(cause.cause) : undefined);
  if (code !== undefined && BEFORE_CONNECTED.has(code)) {
    return { type: "unreachable", reason: `Discord cannot be reached (${code})` };
  }
  const name = code ?? (cause instanceof Error ? cause.name : "unknown error");
  return { type: "uncertain", reason: `The connection to Discord broke (${name})` };
}

function codeOf(cause: unknown): string | undefined {
  if (typeof cause !== "object" || cause === null || !("code" in cause)) return undefined;
  return typeof cause.code === "string" ? cause.code : undefined;
}
