/**
 * One HTTP request to a platform, and what became of it: an answer, certainly nothing, or nobody knows. Nothing is tried
 * again here, no redirect is followed (it would carry the credentials along), and an answer is read only so far.
 */
import type { TransportServices } from "@skein/chat";

export type Exchange =
  | { readonly type: "answer"; readonly status: number; readonly headers: Headers; readonly body: unknown }
  /** The request never reached the platform. */
  | { readonly type: "unsent"; readonly reason: string }
  /** It may have reached it. */
  | { readonly type: "lost"; readonly reason: string };

export interface HttpRequest {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

const TIMEOUT_MS = 20_000;
const ANSWER_BYTES_MAX = 512 * 1_024;

export async function exchange(
  request: HttpRequest,
  services: Pick<TransportServices, "clock" | "fetch">,
): Promise<Exchange> {
  const controller = new AbortController();
  const cancel = services.clock.after(TIMEOUT_MS, () => controller.abort());
  try {
    const { method, headers, body } = request;
    const response = await services.fetch(request.url, {
      method,
      headers,
      redirect: "manual",
      signal: controller.signal,
      ...(body === undefined ? {} : { body }),
    });
    const text = await readText(response);
    return { type: "answer", status: response.status, headers: response.headers, body: parseJson(text) };
  } catch (cause) {
    if (controller.signal.aborted) return { type: "lost", reason: `there was no answer within ${TIMEOUT_MS} ms` };
    return failureOf(cause);
  } finally {
    cancel();
  }
}

/** Undefined when it is longer than any answer that makes sense. */
async function readText(response: Response): Promise<string | undefined> {
  if (response.body === null) return "";
  const chunks: Uint8Array[] = [];
  let length = 0;
  // The reader is released and the connection closed when the loop is left.
  for await (const chunk of response.body) {
    length += chunk.length;
    if (length > ANSWER_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parseJson(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    // Proxies answer in HTML. What it means then is told by the status alone.
    return undefined;
  }
}

/** Failures before a byte of the request was written: no address, nobody there, no route, a certificate that is not theirs. */
const BEFORE_SENDING =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EAI_FAIL|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|ERR_TLS_CERT_.*|CERT_.*|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_.*)$/;

function failureOf(thrown: unknown): Exchange {
  const codes = codesIn(thrown);
  const reason = codes.length === 0 ? "the connection failed" : `the connection failed (${codes.join(", ")})`;
  const isCertain = codes.length > 0 && codes.every((code) => BEFORE_SENDING.test(code));
  return { type: isCertain ? "unsent" : "lost", reason };
}

/** The system's codes; of several addresses that were tried, those of all. Messages are left out: they may quote anything. */
function codesIn(thrown: unknown): readonly string[] {
  const cause = thrown instanceof Error && thrown.cause !== undefined ? thrown.cause : thrown;
  const errors: readonly unknown[] = cause instanceof AggregateError ? cause.errors : [cause];
  const codes = errors.map((error) => {
    const code: unknown = error instanceof Error ? Reflect.get(error, "code") : undefined;
    return typeof code === "string" && /^[A-Z0-9_]{1,60}$/.test(code) ? code : "unknown";
  });
  return [...new Set(codes)];
}
