/** Requests as a hostile client writes them: any header, any target, nothing normalized. */
import { request, type IncomingMessage } from "node:http";

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export interface RawRequest {
  readonly url: string;
  readonly target: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export function rawRequest(options: RawRequest): Promise<RawAnswer> {
  const { hostname, port } = new URL(options.url);
  return new Promise((resolve, reject) => {
    const sent = request({
      host: hostname.replace(/^\[|\]$/g, ""),
      port,
      path: options.target,
      method: options.method ?? "GET",
      headers: options.headers ?? {},
      agent: false,
    });
    sent.on("response", (response) => resolve(readAnswer(response)));
    sent.on("upgrade", (response, socket) => {
      socket.destroy();
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: "" });
    });
    sent.on("error", reject);
    sent.end(options.body);
  });
}

function readAnswer(response: IncomingMessage): Promise<RawAnswer> {
  return new Promise((resolve) => {
    let body = "";
    response.setEncoding("utf8");
    response.on("data", (text: string) => {
      body += text;
    });
    // An answer sent while the request was still being written may be cut short; what arrived is the answer.
    response.on("close", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    response.on("error", () => {});
  });
}
