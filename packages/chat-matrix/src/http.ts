/**
 * One request to the homeserver, and what came of it. Nothing is repeated here: what to do about an answer is decided by who
 * asked. The one thing that is remembered is that the access token is worth nothing any more: then nothing is asked again.
 */
import type { TransportServices } from "@skein/chat";

export interface HttpRequest {
  readonly method: "GET" | "PUT" | "POST";
  /** Below `/_matrix/client`, every part of it encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly timeoutMs: number;
  /** Longest answer that is read. */
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
}

export type Failure =
  /** The homeserver, or a proxy before it, said no. `code` is the Matrix error code, empty when there was none. */
  | {
      readonly type: "refused";
      readonly status: number;
      readonly code: string;
      readonly message: string;
      readonly retryAfterMs: number | undefined;
    }
  /** The request certainly never reached it. */
  | { readonly type: "unsent"; readonly reason: string }
  /** It may have been carried out, or not. */
  | { readonly type: "unclear"; readonly reason: string }
  | { readonly type: "too-long"; readonly reason: string };

export type Answer<T> = { readonly type: "ok"; readonly value: T } | Failure;

export type Http = (request: HttpRequest) => Promise<Answer<unknown>>;

const ANSWER_BYTES_MAX = 1024 * 1024;
const MESSAGE_CHARS_MAX = 200;

/** With these a token is of no use until a person makes another one; a locked user may be unlocked. */
const REVOKED_CODES: ReadonlySet<string> = new Set(["M_UNKNOWN_TOKEN", "M_MISSING_TOKEN", "M_USER_DEACTIVATED"]);

export const isRevoked = (failure: Failure): boolean =>
  failure.type === "refused" && failure.status !== 429 && REVOKED_CODES.has(failure.code);

export interface HttpOptions extends Pick<TransportServices, "clock" | "fetch"> {
  readonly homeserver: string;
  readonly token: string;
}

export function createHttp({ homeserver, token, clock, fetch }: HttpOptions): Http {
  let revoked = isHeaderSafe(token) ? undefined : UNUSABLE_TOKEN;
  return async (request) => {
    if (revoked !== undefined) return revoked;
    const abort = new AbortController();
    const cancel = clock.after(request.timeoutMs, () => abort.abort());
    const onAbort = (): void => abort.abort();
    request.signal?.addEventListener("abort", onAbort, { once: true });
    if (request.signal?.aborted === true) onAbort();
    try {
      const response = await fetch(urlOf(homeserver, request), {
        method: request.method,
        headers: { authorization: `Bearer ${token}`, accept: "application/json", "content-type": "application/json" },
        // A token is sent to nobody but the homeserver that the configuration names.
        redirect: "manual",
        signal: abort.signal,
        ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      });
      const answer = await read(response, request.maxBytes ?? ANSWER_BYTES_MAX);
      if (answer.type !== "ok" && isRevoked(answer)) revoked ??= answer;
      return answer;
    } catch (cause) {
      return failureOf(cause);
    } finally {
      cancel();
      request.signal?.removeEventListener("abort", onAbort);
    }
  };
}

const UNUSABLE_TOKEN: Failure = {
  type: "refused",
  status: 401,
  code: "M_MISSING_TOKEN",
  message: "the access token is empty or holds characters that no token has",
  retryAfterMs: undefined,
};

/** `fetch` quotes a header that it does not take in its error, and this one is a secret. */
const isHeaderSafe = (token: string): boolean => /^[\u0021-\u007e]+$/.test(token);

function urlOf(homeserver: string, { path, query }: HttpRequest): string {
  const search = query === undefined ? "" : `?${new URLSearchParams(query).toString()}`;
  return `${homeserver.replace(/\/+$/, "")}/_matrix/client${path}${search}`;
}

async function read(response: Response, maxBytes: number): Promise<Answer<unknown>> {
  const bytes = await readBytes(response, maxBytes);
  if (bytes === undefined) return { type: "too-long", reason: `the answer is longer than ${maxBytes} bytes` };
  const body = parseJson(bytes);
  if (response.ok) {
    if (body === undefined) return { type: "unclear", reason: "the answer is not JSON" };
    return { type: "ok", value: body };
  }
  return refusal(response, body);
}

/** Undefined when it is longer than it may be. */
async function readBytes(response: Response, maxBytes: number): Promise<Uint8Array | undefined> {
  if (response.body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader: ReadableStreamDefaultReader<Uint8Array> = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return Buffer.concat(chunks);
    length += value.length;
    if (length > maxBytes) {
      await reader.cancel();
      return undefined;
    }
    chunks.push(value);
  }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    // Whether that matters depends on the status, which the caller knows.
    return undefined;
  }
}

function refusal(response: Response, body: unknown): Failure {
  const fields = typeof body === "object" && body !== null ? (body as Readonly<Record<string, unknown>>) : {};
  const code = typeof fields["errcode"] === "string" ? fields["errcode"].slice(0, MESSAGE_CHARS_MAX) : "";
  if (response.status >= 500) {
    return { type: "unclear", reason: `the homeserver answers with status ${response.status} ${code}`.trimEnd() };
  }
  const isRedirect = response.status >= 300 && response.status < 400;
  const given = typeof fields["error"] === "string" ? fields["error"] : "no reason given";
  return {
    type: "refused",
    status: response.status,
    code,
    message: isRedirect
      ? "the homeserver's address leads to another one; configure that one"
      : given.slice(0, MESSAGE_CHARS_MAX),
    retryAfterMs: retryAfterMs(response.headers.get("retry-after"), fields["retry_after_ms"]),
  };
}

/** The header counts in seconds; the field in the body is the older way to say it. */
function retryAfterMs(header: string | null, field: unknown): number | undefined {
  if (header !== null && /^\d{1,9}$/.test(header)) return Number(header) * 1_000;
  return typeof field === "number" && Number.isFinite(field) && field >= 0 ? field : undefined;
}

/** No connection was made, so nothing was written to one. */
const NOT_CONNECTED =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ENETDOWN|UND_ERR_CONNECT_TIMEOUT|ERR_TLS_\w+|CERT_\w+|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+)$/;

/** Named by its code alone: messages of others may quote what was sent. */
function failureOf(cause: unknown): Failure {
  if (cause instanceof Error && cause.name === "AbortError") {
    return { type: "unclear", reason: "the homeserver did not answer in time" };
  }
  const code = codeOf(cause);
  const reason = `the connection to the homeserver failed (${code})`;
  return NOT_CONNECTED.test(code) ? { type: "unsent", reason } : { type: "unclear", reason };
}

/** `fetch` wraps what happened, more than once where a name has several addresses. */
function codeOf(cause: unknown, depth = 0): string {
  if (!(cause instanceof Error) || depth > 3) return "no code";
  if ("code" in cause && typeof cause.code === "string") return cause.code;
  return codeOf(cause.cause, depth + 1);
}
