/**
 * Webhooks of chat platforms at `/hooks/<transport>/<account>`. They carry no token of this node and come under any host
 * name, from any proxy: who sends them is shown by the platform's signature over the raw body, which the transport checks.
 */
import type { IncomingMessage } from "node:http";

import { HTTP_LIMITS } from "./limits.ts";
import { errorReply, type Reply } from "./reply.ts";

export interface HookRequest {
  readonly method: string;
  readonly url: string;
  /** Names in lower case, each with all its values. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly body: Uint8Array;
}

export interface HookReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export type Hooks = (kind: string, account: string, request: HookRequest) => Promise<HookReply>;

const PATH = /^\/hooks\/([a-z][a-z0-9-]{0,30})\/([a-z0-9][a-z0-9-]{0,62})$/;

/** Undefined when the path is no webhook's. */
export function hookOf(pathname: string): { readonly kind: string; readonly account: string } | undefined {
  const match = PATH.exec(pathname);
  return match?.[1] === undefined || match[2] === undefined ? undefined : { kind: match[1], account: match[2] };
}

export type HookDoor = (
  hook: { readonly kind: string; readonly account: string },
  request: IncomingMessage,
) => Promise<Reply>;

/** Lets in so many at once: what they say is held in memory until it is read. */
export function createHookDoor(hooks: Hooks): HookDoor {
  let underWay = 0;
  return async (hook, request) => {
    if (underWay >= HTTP_LIMITS.hooksAtOnce) {
      return errorReply(503, { code: "unavailable", message: "Too many webhooks at once. Send it again." });
    }
    underWay++;
    return hookReply(hooks, hook, request).finally(() => {
      underWay--;
    });
  };
}

async function hookReply(
  hooks: Hooks,
  { kind, account }: { readonly kind: string; readonly account: string },
  request: IncomingMessage,
): Promise<Reply> {
  const method = request.method ?? "";
  if (method !== "GET" && method !== "POST") {
    return errorReply(405, { code: "wrong-method", message: "A webhook is sent with POST." }, { Allow: "GET, POST" });
  }
  const reply = await answer(hooks, { kind, account, method }, request);
  if (reply === undefined) {
    return errorReply(413, { code: "too-large", message: "The body is too large for a webhook." });
  }
  const { "Content-Type": contentType = "text/plain; charset=utf-8", ...headers } = reply.headers ?? {};
  return { status: reply.status, contentType, body: reply.body ?? "", headers };
}

/** Undefined when the body is too large. */
async function answer(
  hooks: Hooks,
  { kind, account, method }: { readonly kind: string; readonly account: string; readonly method: string },
  request: IncomingMessage,
): Promise<HookReply | undefined> {
  const body = await rawBody(request);
  if (body === undefined) return undefined;
  return hooks(kind, account, { method, url: request.url ?? "", headers: allHeaders(request), body });
}

function allHeaders({ rawHeaders }: IncomingMessage): Readonly<Record<string, readonly string[]>> {
  const headers = new Map<string, string[]>();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] ?? "").toLowerCase();
    headers.set(name, [...(headers.get(name) ?? []), rawHeaders[at + 1] ?? ""]);
  }
  return Object.fromEntries(headers);
}

/** Undefined when it is too large or broke off. */
function rawBody(request: IncomingMessage): Promise<Uint8Array | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= HTTP_LIMITS.hookBytes) return void chunks.push(chunk);
      request.pause();
      return resolve(undefined);
    });
    request.on("end", () => resolve(Buffer.concat(chunks)));
    const brokenOff = (): void => resolve(undefined);
    request.on("error", brokenOff);
    request.on("close", brokenOff);
  });
}
