/**
 * Twilio as Vercel's `emulate` plays it, in this process: it signs its webhooks by itself. In front of it stands a server
 * that can lose answers and give others, because the emulator never fails.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

import { createEmulator, type Emulator } from "emulate";

import { closeServer, listen, readBody } from "./webhook-stand.ts";

/** What happens to the next request for messages. */
type TwilioFault =
  | {
      readonly type: "answer";
      readonly status: number;
      readonly body: object | string;
      readonly headers?: Record<string, string>;
    }
  /** Twilio takes the message, and the answer never arrives. */
  | { readonly type: "dropped" }
  /** The connection breaks before Twilio has read the request. */
  | { readonly type: "cut" };

export interface TwilioServer {
  readonly url: string;
  /** Forms that were posted to send something. */
  readonly posted: readonly URLSearchParams[];
  readonly listed: readonly URLSearchParams[];
  readonly faults: TwilioFault[];
  /** Somebody writes to us. */
  write(fields: Readonly<Record<string, string>>): Promise<number>;
  report(messageSid: string, status: string): Promise<number>;
  /** Everything that Twilio has, newest first. */
  messages(): Promise<readonly { readonly sid: string; readonly body: string; readonly direction: string }[]>;
  close(): Promise<void>;
}

export interface TwilioServerOptions {
  readonly accountSid: string;
  readonly authToken: string;
  readonly apiKey: { readonly sid: string; readonly secret: string };
  /** With `whatsapp:` in front, as the emulator compares it. */
  readonly from: string;
  readonly webhook: string;
}

export async function createTwilioServer(options: TwilioServerOptions): Promise<TwilioServer> {
  const emulator = await createEmulator({
    service: "twilio",
    port: await freePort(),
    seed: {
      twilio: {
        account: { sid: options.accountSid, auth_token: options.authToken },
        api_keys: [{ sid: options.apiKey.sid, secret: options.apiKey.secret }],
        phone_numbers: [{ phone_number: options.from, sms_url: options.webhook, sms_method: "POST" }],
      },
    },
  });
  const state: State = { emulator, posted: [], listed: [], faults: [] };
  const server: Server = createServer((request, response) => {
    forward(request, response, state).catch((cause: unknown) => response.destroy(cause as Error));
  });
  const url = await listen(server);
  const authorization = `Basic ${Buffer.from(`${options.accountSid}:${options.authToken}`).toString("base64")}`;
  const simulate = async (what: string, fields: Readonly<Record<string, string>>): Promise<number> => {
    const body = new URLSearchParams(fields);
    const answer = await fetch(`${emulator.url}/_twilio/simulate/${what}`, {
      method: "POST",
      headers: { authorization },
      body,
    });
    return answer.status;
  };

  return {
    url,
    posted: state.posted,
    listed: state.listed,
    faults: state.faults,
    write: (fields) => simulate("inbound-message", { To: options.from, ...fields }),
    report: (MessageSid, Status) => simulate("message-status", { MessageSid, Status }),
    messages: async () => {
      const path = `/2010-04-01/Accounts/${options.accountSid}/Messages.json?PageSize=500`;
      const answer = await fetch(`${emulator.url}${path}`, { headers: { authorization } });
      const { messages } = (await answer.json()) as { messages: { sid: string; body: string; direction: string }[] };
      return messages;
    },
    close: async () => {
      await closeServer(server);
      await emulator.close();
    },
  };
}

interface State {
  readonly emulator: Emulator;
  readonly posted: URLSearchParams[];
  readonly listed: URLSearchParams[];
  readonly faults: TwilioFault[];
}

async function forward(request: IncomingMessage, response: ServerResponse, state: State): Promise<void> {
  const body = (await readBody(request)).toString("utf8");
  const { method = "", url = "" } = request;
  if (method === "POST") state.posted.push(new URLSearchParams(body));
  else state.listed.push(new URLSearchParams(url.slice(url.indexOf("?"))));
  const fault = state.faults.shift();
  if (fault?.type === "cut") {
    request.socket.destroy();
    return;
  }
  if (fault?.type === "answer") {
    const text = typeof fault.body === "string" ? fault.body : JSON.stringify(fault.body);
    response.writeHead(fault.status, { "content-type": "application/json", ...fault.headers }).end(text);
    return;
  }
  const answer = await fetch(state.emulator.url + url, {
    method,
    headers: {
      authorization: request.headers.authorization ?? "",
      ...(method === "POST" ? { "content-type": request.headers["content-type"] ?? "" } : {}),
    },
    ...(method === "POST" ? { body } : {}),
  });
  const text = await answer.text();
  if (fault?.type === "dropped") {
    request.socket.destroy();
    return;
  }
  response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "" }).end(text);
}

/** The emulator has to be told a port; nothing else here takes it in between. */
async function freePort(): Promise<number> {
  const server = createServer();
  const { port } = new URL(await listen(server));
  await closeServer(server);
  return Number(port);
}
