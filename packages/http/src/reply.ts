/** What a handler answers, as data; only the server writes to a socket. Every answer carries the same safe headers. */
import type { CommandError } from "@skein/core";
import type { ServerResponse } from "node:http";

export interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | Uint8Array;
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
