/**
 * Meta's side of the Cloud API, as far as Skein talks to it: the messages endpoint of the Graph API, with errors and dropped
 * answers on demand, and signed webhooks that are delivered again until somebody takes them.
 *
 * Nothing is shared with the transport: signatures, escaping and envelopes are made here a second time.
 */
import { createHmac } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

import { closeServer, listen, readBody } from "./webhook-stand.ts";

/** What was posted to the messages endpoint. */
interface Posted {
  readonly url: string;
  readonly authorization: string | undefined;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** What happens to the next request instead of what usually does. */
type Fault =
  | {
      readonly type: "error";
      readonly status: number;
      readonly code: number;
      readonly more?: object;
      readonly headers?: Record<string, string>;
    }
  | { readonly type: "raw"; readonly status: number; readonly body: string; readonly headers?: Record<string, string> }
  /** The message is sent, and the answer never arrives. */
  | { readonly type: "dropped" }
  /** Nobody answers. */
  | { readonly type: "silent" };

interface Delivery {
  readonly status: number;
  readonly body: string;
}

export interface MetaServer {
  readonly url: string;
  readonly posted: readonly Posted[];
  /** Ids of what people got, in order, with its payload. */
  readonly accepted: readonly { readonly id: string; readonly payload: Posted["payload"] }[];
  /** Each one is for one request, in this order. */
  readonly faults: Fault[];
  /** Changes what counts as the access token. */
  revoke(): void;
  /** Posts one notification, signed. `tamper` changes the body after it was signed. */
  notify(webhook: string, changes: readonly Change[] | string, options?: NotifyOptions): Promise<Delivery>;
  /** As Meta does: again until it is taken, at most so often. Resolves with the statuses. */
  notifyUntilTaken(webhook: string, changes: readonly Change[], attempts: number): Promise<readonly number[]>;
  /** The handshake of a registration. */
  verify(webhook: string, token: string, challenge: string): Promise<Delivery>;
  close(): Promise<void>;
}

interface Change {
  readonly field?: string;
  readonly phoneNumberId?: string;
  readonly contacts?: readonly object[];
  readonly messages?: readonly object[];
  readonly statuses?: readonly object[];
  readonly more?: object;
}

interface NotifyOptions {
  readonly tamper?: (body: string) => string;
  readonly secret?: string;
  /** Instead of the one right signature. */
  readonly signatures?: readonly string[];
}

export interface MetaServerOptions {
  readonly phoneNumberId: string;
  readonly accessToken: string;
  readonly appSecret: string;
}

export async function createMetaServer(options: MetaServerOptions): Promise<MetaServer> {
  const state: State = { ...options, posted: [], accepted: [], faults: [], isRevoked: false };
  const server: Server = createServer((request, response) => {
    handle(request, response, state).catch((cause: unknown) => response.destroy(cause as Error));
  });
  const url = await listen(server);

  const notify: MetaServer["notify"] = async (
    webhook,
    changes,
    { tamper = (text: string) => text, secret, signatures } = {},
  ) => {
    const body = typeof changes === "string" ? changes : escapeUnicode(JSON.stringify(envelope(changes, options)));
    const right = `sha256=${createHmac("sha256", secret ?? options.appSecret)
      .update(body)
      .digest("hex")}`;
    const headers = new Headers({ "content-type": "application/json" });
    for (const one of signatures ?? [right]) headers.append("x-hub-signature-256", one);
    const response = await fetch(webhook, { method: "POST", headers, body: tamper(body) });
    return { status: response.status, body: await response.text() };
  };

  return {
    url,
    posted: state.posted,
    accepted: state.accepted,
    faults: state.faults,
    revoke: () => {
      state.isRevoked = true;
    },
    notify,
    notifyUntilTaken: async (webhook, changes, attempts) => {
      const statuses: number[] = [];
      while (statuses.length < attempts && !statuses.includes(200)) {
        statuses.push((await notify(webhook, changes)).status);
      }
      return statuses;
    },
    verify: async (webhook, token, challenge) => {
      const query = new URLSearchParams({
        "hub.mode": "subscribe",
        "hub.verify_token": token,
        "hub.challenge": challenge,
      });
      const response = await fetch(`${webhook}?${query.toString()}`);
      return { status: response.status, body: await response.text() };
    },
    close: () => closeServer(server),
  };
}

interface State extends MetaServerOptions {
  readonly posted: Posted[];
  readonly accepted: { readonly id: string; readonly payload: Posted["payload"] }[];
  readonly faults: Fault[];
  isRevoked: boolean;
}

async function handle(request: IncomingMessage, response: ServerResponse, state: State): Promise<void> {
  const payload = JSON.parse((await readBody(request)).toString("utf8")) as Posted["payload"];
  const { authorization } = request.headers;
  state.posted.push({ url: request.url ?? "", authorization, payload });
  const fault = state.faults.shift();
  if (fault?.type === "silent") return;
  if (fault?.type === "raw") {
    response.writeHead(fault.status, fault.headers).end(fault.body);
    return;
  }
  if (fault?.type === "error") {
    fail(response, fault);
    return;
  }
  const refusal = refusalOf(request, payload, state);
  if (refusal !== undefined) {
    fail(response, refusal);
    return;
  }
  const id = `wamid.${Buffer.from(`${state.accepted.length}:${state.phoneNumberId}`).toString("base64")}`;
  state.accepted.push({ id, payload });
  if (fault?.type === "dropped") {
    request.socket.destroy();
    return;
  }
  const to = payload["to"] ?? payload["recipient"];
  const contacts = [{ input: to, wa_id: to }];
  json(response, 200, { messaging_product: "whatsapp", contacts, messages: [{ id, message_status: "accepted" }] });
}

type Refusal = Extract<Fault, { type: "error" }>;

function refusalOf(request: IncomingMessage, payload: Posted["payload"], state: State): Refusal | undefined {
  const { authorization } = request.headers;
  if (state.isRevoked || authorization !== `Bearer ${state.accessToken}`) {
    return {
      type: "error",
      status: 401,
      code: 190,
      more: { message: `Malformed access token ${authorization ?? ""}` },
    };
  }
  if (!new RegExp(`^/v\\d+\\.\\d+/${state.phoneNumberId}/messages$`).test(request.url ?? "")) {
    return { type: "error", status: 400, code: 100, more: { error_subcode: 33 } };
  }
  const problem = formProblem(payload);
  return problem === undefined
    ? undefined
    : {
        type: "error",
        status: 400,
        code: 100,
        more: { error_data: { messaging_product: "whatsapp", details: problem } },
      };
}

/** Meta's rules for what Skein sends. */
function formProblem(payload: Posted["payload"]): string | undefined {
  if (payload["messaging_product"] !== "whatsapp") return "messaging_product";
  if (typeof (payload["to"] ?? payload["recipient"]) !== "string") return "to";
  const opaque = payload["biz_opaque_callback_data"];
  if (opaque !== undefined && (typeof opaque !== "string" || opaque.length > 512)) return "biz_opaque_callback_data";
  const type = payload["type"];
  if (type === "text") return lengthProblem(at(payload, "text", "body"), 4_096, "text.body");
  if (type === "interactive") {
    const buttons = at(payload, "interactive", "action", "buttons");
    if (!Array.isArray(buttons) || buttons.length < 1 || buttons.length > 3) return "interactive.action.buttons";
    const titles = buttons.map((button) => lengthProblem(at(button, "reply", "title"), 20, "reply.title"));
    return (
      titles.find((problem) => problem !== undefined) ??
      lengthProblem(at(payload, "interactive", "body", "text"), 1_024, "interactive.body.text")
    );
  }
  if (type === "template")
    return parameterProblem(at(payload, "template", "components", "0", "parameters", "0", "text"));
  return type === "reaction"
    ? lengthProblem(at(payload, "reaction", "message_id"), 300, "reaction.message_id")
    : "type";
}

const lengthProblem = (text: unknown, max: number, name: string): string | undefined =>
  typeof text === "string" && text.length > 0 && text.length <= max
    ? undefined
    : `${name} must have 1 to ${max} characters`;

const parameterProblem = (text: unknown): string | undefined =>
  typeof text !== "string" || /[\n\t]| {5}/.test(text)
    ? "Param text cannot have new-line/tab characters or more than 4 consecutive spaces"
    : lengthProblem(text, 1_024, "parameter");

function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, name) => (typeof inner === "object" && inner !== null ? Reflect.get(inner, name) : undefined),
    value,
  );
}

function fail(response: ServerResponse, { status, code, more = {}, headers = {} }: Refusal): void {
  const error = { message: `(#${code}) refused`, type: "OAuthException", code, fbtrace_id: "AOnodi98", ...more };
  json(response, status, { error }, headers);
}

function json(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

/** Meta writes every character beyond ASCII as an escape, and signs that. */
const escapeUnicode = (text: string): string =>
  text.replaceAll(/[\u0080-\uffff]/g, (unit) => String.raw`\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** Each change in an entry of its own, as Meta batches them. */
const envelope = (changes: readonly Change[], { phoneNumberId }: MetaServerOptions): object => ({
  object: "whatsapp_business_account",
  entry: changes.map(({ field = "messages", phoneNumberId: phone = phoneNumberId, more = {}, ...rest }) => ({
    id: "102290129340398",
    changes: [
      {
        value: {
          messaging_product: "whatsapp",
          metadata: { display_phone_number: "15550783881", phone_number_id: phone },
          ...rest,
          ...more,
        },
        field,
      },
    ],
  })),
});
