/** What a handler answers, as data; only the server writes to a socket. Every answer carries the same safe headers. */
import type { CommandError } from "@skein/core";
import type { ServerResponse } from "node:http";

/** Who reads an answer that comes bit by bit. */
interface FeedReader {
  /** Resolves when the reader has taken what waited, or is gone. */
  readonly write: (chunk: string) => Promise<void>;
  /** Aborted once nobody reads any more. */
  readonly signal: AbortSignal;
}

/** An answer without a length that is known before; it ends when this resolves. */
export type Feed = (reader: FeedReader) => Promise<void>;

export interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | Uint8Array | Feed;
  readonly headers?: Readonly<Record<string, string>>;
}

export function jsonReply(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, contentType: "application/json; charset=utf-8", body: `${JSON.stringify(value)}\n`, headers };
}

/** The one shape of every error: a stable code for programs and a sentence for a person. */
export function errorReply(
  status: number,
  error: { readonly code: string; readonly message: string },
  headers: Readonly<Record<string, string>> = {},
): Reply {
  return jsonReply(status, { ok: false, error: { code: error.code, message: error.message } }, headers);
}

const STATUS_BY_CODE: Readonly<Record<CommandError["code"], number>> = {
  "bad-input": 400,
  "not-allowed": 403,
  "not-found": 404,
  "unknown-command": 404,
  ambiguous: 409,
  "not-legal": 409,
  unavailable: 503,
  "not-saved": 507,
};

export function commandErrorReply(error: CommandError): Reply {
  return errorReply(STATUS_BY_CODE[error.code], error);
}

const SAFE_HEADERS: Readonly<Record<string, string>> = {
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Resource-Policy": "same-origin",
  "X-Frame-Options": "DENY",
  "Cache-Control": "no-store",
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
};

/** `hangUp` ends the connection after the answer: what is left of the request is not worth reading. */
export function writeReply(response: ServerResponse, reply: Reply, hangUp: boolean): void {
  if (typeof reply.body === "function") return writeFeed(response, reply, reply.body);
  const body = typeof reply.body === "string" ? Buffer.from(reply.body, "utf8") : reply.body;
  response.writeHead(reply.status, {
    ...SAFE_HEADERS,
    "Content-Type": reply.contentType,
    "Content-Length": String(body.byteLength),
    ...reply.headers,
    ...(hangUp ? { Connection: "close" } : {}),
  });
  response.end(body);
}

function writeFeed(response: ServerResponse, reply: Reply, feed: Feed): void {
  response.writeHead(reply.status, {
    ...SAFE_HEADERS,
    "Content-Type": reply.contentType,
    ...reply.headers,
    Connection: "close",
  });
  const gone = new AbortController();
  // Nobody reads: the feed is told so and lets go of what it holds.
  if (response.req.method === "HEAD" || response.destroyed) gone.abort();
  response.once("close", () => gone.abort());
  const write = (chunk: string): Promise<void> =>
    new Promise((resolve) => {
      if (gone.signal.aborted || response.write(chunk)) return resolve();
      const go = (): void => {
        response.off("drain", go);
        gone.signal.removeEventListener("abort", go);
        resolve();
      };
      response.once("drain", go);
      gone.signal.addEventListener("abort", go, { once: true });
    });
  // What breaks down in the middle has no status to say so any more: the connection ends without its end.
  void feed({ write, signal: gone.signal }).then(
    () => response.end(),
    () => response.destroy(),
  );
}
